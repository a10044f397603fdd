// Package mcptools offers agents the tools of MCP servers that an operator
// configured. What a server says of its tools, and what they answer, is hostile: it
// is bounded, cleaned and checked, and a server that misbehaves costs its own tools
// and nothing else.
package mcptools
