package api

import (
	"github.com/gin-gonic/gin"

	"github.com/aegisworld/aegis"
)

// Routes lists what New serves, and what each demands.
func Routes(c Config) (gin.RoutesInfo, map[string]bool) {
	s := newServer(c)
	listed := map[string]bool{}
	for route := range s.access {
		listed[route] = true
	}
	return s.engine.Routes(), listed
}

// Allows says whether a role may use a route.
func Allows(route string, role string) bool { return accessTable()[route].allows(aegis.Role(role)) }
