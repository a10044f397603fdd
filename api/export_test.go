package api

import "github.com/gin-gonic/gin"

// Routes lists what New serves, and what each demands.
func Routes(c Config) (gin.RoutesInfo, map[string]bool) {
	s := newServer(c)
	listed := map[string]bool{}
	for route := range s.access {
		listed[route] = true
	}
	return s.engine.Routes(), listed
}
