package toolchain

import "context"

const (
	redisName  = "redis-server"
	redisRange = ">= 6"
)

func redisServer() piece {
	return piece{
		name:    "Redis server",
		sandbox: true,
		remedy:  "only tests need it: install Redis " + redisRange + ", such as by `apt-get install redis-server` or `brew install redis`",
		find:    findRedis,
		get:     getRedis,
	}
}

func findRedis(ctx context.Context, m *machine, _ *Tools) Item {
	path := m.lookPath(redisName)
	if path == "" {
		return Item{}
	}
	number, err := m.versionOf(ctx, path, "--version")
	if err != nil || !within(number, redisRange) {
		return Item{}
	}
	return Item{Version: number, Path: path, Origin: "PATH", OK: true}
}

// getRedis installs the distribution's package, where this user may.
func getRedis(ctx context.Context, m *machine, _ *Tools, say progress) error {
	programs := []packager{{"brew", [][]string{{"install", "redis"}}}}
	if m.superuser {
		programs = []packager{
			{"apt-get", [][]string{{"update", "-q"}, {"install", "-q", "-y", "--no-install-recommends", "redis-server"}}},
			{"dnf", [][]string{{"install", "-y", "redis"}}},
			{"zypper", [][]string{{"--non-interactive", "install", "redis"}}},
			{"apk", [][]string{{"add", "redis"}}},
		}
	}
	return m.installWith(ctx, "Redis", programs, say)
}
