// Package deploy checks what the repository deploys with: the Helm chart of
// deploy/helm/aegis, rendered by Helm's own library, and the Dockerfile, read
// by BuildKit's parser. It has tests only, in a module of its own because of
// what they import.
package deploy
