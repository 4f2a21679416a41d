"""Other libraries' interfaces on top of Gonio, so that programs written for them go on running."""
