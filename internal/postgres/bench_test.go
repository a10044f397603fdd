package postgres_test

import (
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/pgtest"
	"github.com/aegisworld/aegis/internal/postgres"
)

// BenchmarkCreateGoal is a goal with its event and its job; compare it with
// BenchmarkBareInsert, which is what one commit costs here.
func BenchmarkCreateGoal(b *testing.B) {
	db, err := postgres.Open(b.Context(), pgtest.New(b), slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	defer db.Close()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := db.CreateGoal(b.Context(), newGoal("scale the runtime in eu-west-1 to 4 nodes"), ""); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkBareInsert(b *testing.B) {
	pool, err := pgxpool.New(b.Context(), pgtest.New(b))
	require.NoError(b, err)
	defer pool.Close()
	_, err = pool.Exec(b.Context(), `CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)`)
	require.NoError(b, err)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := pool.Exec(b.Context(), `INSERT INTO bare (body) VALUES ($1)`, "scale the runtime in eu-west-1 to 4 nodes"); err != nil {
				b.Error(err)
			}
		}
	})
}
