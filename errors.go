package aegis

import (
	"errors"
	"strings"
)

// Sentinel errors of the vocabulary. Adapters wrap them with what was
// attempted; api maps each to one RFC 9457 problem document.
var (
	// ErrNotFound says that no object has the given identifier.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that input breaks a rule; see InvalidError for the fields.
	ErrInvalid = errors.New("invalid")
	// ErrConflict says that the object changed since it was read, such as a
	// patch whose base revision is no longer the newest.
	ErrConflict = errors.New("conflict")
	// ErrStale says that a job's version is not the change set's version any
	// more: another worker moved it on, and there is nothing to do.
	ErrStale = errors.New("stale version")
	// ErrLeaseHeld says that another change set or worker holds the stack.
	ErrLeaseHeld = errors.New("lease held")
	// ErrLeaseLost says that this worker's fencing token was superseded: it
	// must stop and must not write.
	ErrLeaseLost = errors.New("lease lost")
	// ErrDigestMismatch says that a re-plan differs from the judged plan.
	ErrDigestMismatch = errors.New("plan digest differs from the judged one")
	// ErrBreakerOpen says that a breaker forbids the change.
	ErrBreakerOpen = errors.New("breaker open")
	// ErrBudgetExceeded says that a reservation does not fit its budget.
	ErrBudgetExceeded = errors.New("budget exceeded")
	// ErrUnauthenticated says that the caller gave no valid credential.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrForbidden says that the caller's role does not allow the call.
	ErrForbidden = errors.New("forbidden")
	// ErrIdempotencyMismatch says that an idempotency key was used before with
	// another request.
	ErrIdempotencyMismatch = errors.New("idempotency key reused with another request")
	// ErrUnavailable says that something needed is out of reach; trying again
	// may help.
	ErrUnavailable = errors.New("unavailable")
	// ErrNotImplemented says that the contract names the operation but this
	// version does not offer it.
	ErrNotImplemented = errors.New("not implemented")
	// ErrUnintelligible says that no known intent matches a goal.
	ErrUnintelligible = errors.New("goal not understood")
	// ErrProvider says that the cloud refused an engine's call, so that trying
	// the same again will not help.
	ErrProvider = errors.New("provider error")
	// ErrStateCorrupt says that an engine's state fails its integrity check.
	ErrStateCorrupt = errors.New("engine state is corrupt")
	// ErrStateLocked says that somebody else holds the lock of an engine's state.
	ErrStateLocked = errors.New("the state is locked")
	// ErrBadRecord says that one stored record can't be read, while those after
	// it can.
	ErrBadRecord = errors.New("unreadable record")
	// ErrCancelled says that a person or a policy stopped the operation.
	ErrCancelled = errors.New("cancelled")
)

// FieldFault is one fault of one input field.
type FieldFault struct {
	// Field is a dotted path, such as "parameters.node_min".
	Field string `json:"field"`
	// Message says what is wrong and what would be right.
	Message string `json:"message"`
}

// InvalidError lists every fault found in one input. It matches ErrInvalid.
type InvalidError struct {
	Faults []FieldFault
}

// Invalid returns an InvalidError with one fault.
func Invalid(field, message string) *InvalidError {
	return &InvalidError{Faults: []FieldFault{{Field: field, Message: message}}}
}

// Error joins the faults as "field: message; field: message".
func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		parts[i] = f.Field + ": " + f.Message
	}
	return strings.Join(parts, "; ")
}

// Is matches ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Add appends a fault.
func (e *InvalidError) Add(field, message string) {
	e.Faults = append(e.Faults, FieldFault{Field: field, Message: message})
}

// OrNil returns e when it has faults, else nil.
func (e *InvalidError) OrNil() error {
	if e == nil || len(e.Faults) == 0 {
		return nil
	}
	return e
}
