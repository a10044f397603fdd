package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aegisworld/aegis"
)

// mapError is the one place where Postgres errors become sentinels. It keeps
// the original in the chain and passes everything it doesn't know unchanged.
func mapError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return aegis.ErrNotFound
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return mapServerError(server, err)
	}
	if lostConnection(err) {
		return fmt.Errorf("%w: %w", aegis.ErrUnavailable, err)
	}
	return err
}

// lostConnection says that the server was not reached or left in mid-sentence.
func lostConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// mapServerError goes by SQLSTATE, listed in appendix A of the PostgreSQL
// manual.
func mapServerError(server *pgconn.PgError, err error) error {
	switch server.Code {
	case "23505": // unique violation
		return fmt.Errorf("%w: %w", aegis.ErrConflict, err)
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock not available
		return fmt.Errorf("%w: %w", aegis.ErrUnavailable, err)
	case "23503": // foreign key violation
		return fmt.Errorf("%w: %w", aegis.ErrNotFound, err)
	case "22P02", "22003", "22021", "22001", "22P05", "23514", "23502":
		// bad text, number, byte sequence, length, \u0000, check, not null
		return fmt.Errorf("%w: %w", aegis.ErrInvalid, err)
	}
	for _, class := range []string{"08", "53", "57P", "55000"} { // connection, resources, shutdown, not accepting
		if strings.HasPrefix(server.Code, class) {
			return fmt.Errorf("%w: %w", aegis.ErrUnavailable, err)
		}
	}
	return err
}
