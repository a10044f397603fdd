// Package tfsource brings the files of an adopted workspace to the folder in
// which Terraform runs: copies of a folder on this machine, of a repository at a
// ref, or of an uploaded archive. Whatever is fetched is taken for hostile:
// sizes, counts, names and links are checked, and nothing in it is run.
package tfsource
