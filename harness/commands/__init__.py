"""One module a command of the command line: arguments in, product on stdout, exit status back."""
