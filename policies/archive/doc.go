// Package archive reads, writes, composes, signs and verifies OPA bundles as
// plain files. What comes from outside is taken for hostile: sizes, counts and
// names are checked while it is read, and nothing in it is parsed before
// Verify has said whose it is.
//
// The formats are OPA's own: a .tar.gz or a directory with .rego modules,
// data.json or data.yaml files, a .manifest at the root of a bundle that
// stands alone, and .signatures.json. Bundles that stock opa builds and signs
// are read here, and those written here are read by stock opa.
package archive
