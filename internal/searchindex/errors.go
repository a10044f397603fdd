package searchindex

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/opensearch-project/opensearch-go/v4"
	"github.com/opensearch-project/opensearch-go/v4/opensearchapi"

	"github.com/aegisworld/aegis"
)

// unavailable is the error of a request. What OpenSearch says of a refusal may
// quote a document, so of that only the status and the type are told.
func unavailable(what string, err error) error {
	if e, ok := errors.AsType[*opensearch.StructError](err); ok {
		return fmt.Errorf("%s: OpenSearch answers %d, %s: %w", what, e.Status, short(e.Err.Type), aegis.ErrUnavailable)
	}
	_, onTheWay := errors.AsType[net.Error](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	if onTheWay || untrusted || errors.Is(err, context.Canceled) || errors.Is(err, aegis.ErrUnavailable) {
		return fmt.Errorf("%s: %w: %w", what, aegis.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: OpenSearch refuses, or answers what can't be read: %w", what, aegis.ErrUnavailable)
}

// refused is the error of one document, without the reason, which quotes it.
func refused(index string, answer opensearchapi.BulkRespItem) error {
	kind := ""
	if answer.Error != nil {
		kind = answer.Error.Type
	}
	return fmt.Errorf("index document %q into %s: OpenSearch answers %d, %s: %w", short(answer.ID), index, answer.Status, short(kind), aegis.ErrUnavailable)
}

// short is a word of OpenSearch's, fit for a log.
func short(word string) string {
	if word == "" {
		return "no reason"
	}
	return strings.ToValidUTF8(word[:min(len(word), 100)], "")
}
