"""What is fast: stateless kernels, each with its plain reference beside it."""
