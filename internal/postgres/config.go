package postgres

import (
	"errors"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// poolConfig parses a database URL. Its error never holds the URL, which may
// hold a password.
func poolConfig(raw string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(raw)
	if err != nil {
		return nil, errors.New("database url: not a postgres:// URL with valid settings")
	}
	if !hasSetting(raw, "pool_max_conns") {
		config.MaxConns = defaultMaxConns
	}
	config.HealthCheckPeriod = 10 * time.Second
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	config.ConnConfig.RuntimeParams["application_name"] = "aegis"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	// A process that stops in the middle of a transaction must not hold its
	// locks, above all that of the events, for long.
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "10s"
	return config, nil
}

func hasSetting(raw, name string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Query().Has(name)
}
