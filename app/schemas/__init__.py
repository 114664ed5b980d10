"""What requests may ask for, one file a noun, as the routes that take them."""
