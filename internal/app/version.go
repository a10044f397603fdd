package app

// Version is the build's version; cmd/aegis sets it from its linker stamp.
var Version = "unknown" //nolint:gochecknoglobals // set once by main, before anything runs
