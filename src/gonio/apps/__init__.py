"""The doors: a command line, later a service. Each parses, calls the library and reports."""
