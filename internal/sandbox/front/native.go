package front

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// moment is all that an act may depend on beside the stores and its call, so
// that it does the same again at replay.
type moment struct {
	at     time.Time
	random *rand.Rand
	facts  facts
}

// facts are what an act must know of the emulators, by names of its own.
type facts map[string]string

func newMoment(at time.Time, seed uint64, known facts) moment {
	return moment{at: at.UTC(), random: rand.New(rand.NewPCG(seed, seed)), facts: known} //nolint:gosec // ids, not secrets
}

// uuid is the next random UUID of the moment.
func (m moment) uuid() string {
	a, b := m.random.Uint64(), m.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// letters are n random lower-case letters and digits, for ids.
func (m moment) letters(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[m.random.IntN(len(alphabet))]
	}
	return string(text)
}

// stores hold what the front serves itself. They are made of the calls in a
// journal of their own, which is one for all regions, since some of what they
// hold spans regions.
type stores struct {
	account  string
	backup   *backupStore
	cache    *cacheStore
	database *databaseStore
	// search holds OpenSearch domains by region and name.
	search map[string]*searchDomain
	// analyzers are by region and name, hubs by region.
	analyzers map[string]*analyzer
	hubs      map[string]*hub
	// distributions are CloudFront's by id.
	distributions map[string]*distribution
	// kubernetesClusters are EKS's, by region and name.
	kubernetesClusters map[string]*kubernetesCluster
	tags               tagTable
}

func newStores(account string) *stores {
	tags := tagTable{}
	return &stores{
		account: account, backup: newBackupStore(), cache: newCacheStore(), database: newDatabaseStore(tags), search: map[string]*searchDomain{},
		analyzers: map[string]*analyzer{}, hubs: map[string]*hub{}, distributions: map[string]*distribution{},
		kubernetesClusters: map[string]*kubernetesCluster{}, tags: tags,
	}
}

// arn names a resource of the call's service and region.
func (s *stores) arn(c wire.Call, resource string) string {
	return strings.Join([]string{"arn:aws", c.Service, c.Region, s.account, resource}, ":")
}

// world guards the stores.
type world struct {
	mu      sync.Mutex
	account string
	stores  *stores
	journal *journal
	// fault says why the journal could not be followed.
	fault error
}

// openWorld rebuilds the stores from their journal. An entry that can't be done
// again is a divergence, which the first region to connect tells.
func openWorld(path, account string, patches []patch) (*world, error) {
	j, err := openJournal(path)
	if err != nil {
		return nil, err
	}
	w := &world{account: account, stores: newStores(account), journal: j}
	acts := map[string]patch{}
	for _, p := range patches {
		if p.act != nil {
			acts[p.service+" "+p.action] = p
		}
	}
	w.fault = j.read(func(n int, e entry) error {
		c, err := e.call()
		if err == nil {
			p, known := acts[c.Service+" "+c.Action]
			if !known {
				return fmt.Errorf("%w: call %d: %s %s is not served any more", errDiverged, n, e.Service, e.Action)
			}
			_, err = p.act(w.stores, newMoment(e.At, e.Seed, e.Facts), c)
		}
		if err != nil {
			return fmt.Errorf("%w: call %d, %s %s: %w", errDiverged, n, e.Service, e.Action, err)
		}
		return nil
	})
	return w, nil
}

// reset forgets everything and puts the journal aside.
func (w *world) reset(suffix string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stores, w.fault = newStores(w.account), nil
	return w.journal.setAside(w.journal.path + suffix)
}

// act serves a call from the stores, and journals it when it changed them. An
// act that fails has changed nothing.
func (f *Front) act(ctx context.Context, c wire.Call, p patch) (wire.Response, error) {
	var known facts
	if p.look != nil {
		var err error
		if known, err = p.look(ctx, f, c); err != nil {
			return refused(c, err)
		}
	}
	resp, err := f.actNow(c, p, known)
	if errors.Is(err, errElsewhere) {
		home, fault := f.home(c)
		if fault != nil {
			return wire.Response{}, fault
		}
		return home.do(ctx, c)
	}
	if err == nil && resp.Status < http.StatusBadRequest && p.then != nil {
		err = p.then(context.WithoutCancel(ctx), f, c, known)
	}
	return resp, err
}

func (f *Front) actNow(c wire.Call, p patch, known facts) (wire.Response, error) {
	seed, err := newSeed()
	if err != nil {
		return wire.Response{}, err
	}
	at := f.now()
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	answer, err := p.act(f.world.stores, newMoment(at, seed, known), c)
	if err != nil {
		return refused(c, err)
	}
	resp, err := encode(c, answer)
	if err != nil || c.ReadOnly() {
		return resp, err
	}
	e := newEntry(at, seed, c, resp)
	e.Native, e.Facts = true, known
	return resp, f.world.journal.append(e)
}

// apiError is a service's own error.
func apiError(code string, status int, message string) error {
	return &wire.APIError{Code: code, Status: status, Message: message}
}

// refused answers a fault in the call's protocol; any other error is machinery.
func refused(c wire.Call, err error) (wire.Response, error) {
	if fault := new(wire.APIError); errors.As(err, &fault) {
		return c.Fail(fault, newUUID()), nil
	}
	return wire.Response{}, err
}

// document is the answer of a REST XML service as it is sent.
type document struct {
	status int
	header map[string]string
	body   string
}

func (d document) response(requestID string) wire.Response {
	resp := wire.Response{Status: d.status, Header: http.Header{"X-Amzn-Requestid": {requestID}, "Content-Type": {"text/xml"}}}
	for name, value := range d.header {
		resp.Header.Set(name, value)
	}
	if d.body != "" {
		resp.Body = []byte(xml.Header + d.body)
	}
	return resp
}

// encode writes an answer in the call's protocol; nil is an empty one.
func encode(c wire.Call, answer any) (wire.Response, error) {
	id := newUUID()
	if d, ok := answer.(document); ok {
		return d.response(id), nil
	}
	resp := wire.Response{Status: http.StatusOK, Header: http.Header{"X-Amzn-Requestid": {id}}}
	if c.Protocol == wire.JSON || c.Protocol == wire.RESTJSON {
		resp.Header.Set("Content-Type", "application/json")
		if answer == nil {
			answer = struct{}{}
		}
		body, err := json.Marshal(answer)
		if err != nil {
			return resp, fmt.Errorf("encode answer to %s %s: %w", c.Service, c.Action, err)
		}
		resp.Body = body
		return resp, nil
	}
	resp.Header.Set("Content-Type", "text/xml")
	var b bytes.Buffer
	fmt.Fprintf(&b, "<%sResponse>", c.Action)
	if answer != nil {
		if err := xml.NewEncoder(&b).EncodeElement(answer, xml.StartElement{Name: xml.Name{Local: c.Action + "Result"}}); err != nil {
			return resp, fmt.Errorf("encode answer to %s %s: %w", c.Service, c.Action, err)
		}
	}
	fmt.Fprintf(&b, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>", id, c.Action)
	resp.Body = b.Bytes()
	return resp, nil
}
