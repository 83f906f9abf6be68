"""Common corruptions of images, in batches on the device."""
