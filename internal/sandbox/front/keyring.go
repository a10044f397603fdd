package front

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// key is an access key and whom it stands for.
type key struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	// User owns a long-lived key, or a session of GetSessionToken.
	User string `json:"user,omitempty"`
	// Inactive keys are refused.
	Inactive bool `json:"inactive,omitempty"`
	// Session is set for temporary keys.
	Session *session `json:"session,omitempty"`
}

// session is what makes a key temporary.
type session struct {
	Token   string    `json:"token"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	// RoleName, RoleARN and RoleID are empty for GetSessionToken.
	RoleName string `json:"role_name,omitempty"`
	RoleARN  string `json:"role_arn,omitempty"`
	RoleID   string `json:"role_id,omitempty"`
	Name     string `json:"name,omitempty"`
	// Policies are session policies: documents and ARNs of managed ones.
	Policies   []string          `json:"policies,omitempty"`
	PolicyARNs []string          `json:"policy_arns,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
}

// keyring knows every access key. Long-lived ones are learnt from the calls
// that make them, again at replay; sessions are kept in a file, mode 0600.
type keyring struct {
	path string
	now  func() time.Time

	mu   sync.RWMutex
	keys map[string]key
}

func openKeyring(path string, now func() time.Time) (*keyring, error) {
	k := &keyring{path: path, now: now, keys: map[string]key{}}
	text, err := os.ReadFile(path) //nolint:gosec // the data directory is the operator's
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	var sessions []key
	if err := json.Unmarshal(text, &sessions); err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	for _, s := range sessions {
		k.keys[s.ID] = s
	}
	return k, nil
}

func (k *keyring) lookup(id string) (key, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	found, ok := k.keys[id]
	return found, ok
}

func (k *keyring) put(added key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[added.ID] = added
}

func (k *keyring) remove(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, id)
}

// setInactive switches a key off or on.
func (k *keyring) setInactive(id string, inactive bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if found, ok := k.keys[id]; ok {
		found.Inactive = inactive
		k.keys[id] = found
	}
}

// renameUser and removeUser follow changes of users.
func (k *keyring) renameUser(from, to string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, found := range k.keys {
		if found.User == from {
			found.User = to
			k.keys[id] = found
		}
	}
}

func (k *keyring) removeUser(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, found := range k.keys {
		if found.User == name {
			delete(k.keys, id)
		}
	}
}

func (k *keyring) clear() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = map[string]key{}
	return k.save()
}

// issue makes a temporary key and saves it before anyone hears of it. Sessions
// that ended an hour ago are forgotten; until then they are told from unknown
// keys.
func (k *keyring) issue(user string, s session) (key, error) {
	random := make([]byte, 10+30+192)
	if _, err := rand.Read(random); err != nil {
		return key{}, fmt.Errorf("draw a session's keys: %w", err)
	}
	s.Token = base64.StdEncoding.EncodeToString(random[40:])
	issued := key{
		ID:      "ASIA" + base32.StdEncoding.EncodeToString(random[:10]),
		Secret:  base64.StdEncoding.EncodeToString(random[10:40]),
		User:    user,
		Session: &s,
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[issued.ID] = issued
	if err := k.save(); err != nil {
		delete(k.keys, issued.ID)
		return key{}, err
	}
	return issued, nil
}

func (k *keyring) save() error {
	kept := []key{}
	for id, found := range k.keys {
		if found.Session == nil {
			continue
		}
		if k.now().After(found.Session.Expires.Add(time.Hour)) {
			delete(k.keys, id)
			continue
		}
		kept = append(kept, found)
	}
	text, err := json.Marshal(kept) //nolint:gosec // the file is the keys' home, mode 0600
	if err != nil {
		return fmt.Errorf("save sessions: %w", err)
	}
	if err := os.WriteFile(k.path+".new", text, 0o600); err != nil {
		return fmt.Errorf("save sessions: %w", err)
	}
	if err := os.Rename(k.path+".new", k.path); err != nil {
		return fmt.Errorf("save sessions: %w", err)
	}
	return nil
}
