"""Network families: one file each, recognised from the names and shapes of tensors."""
