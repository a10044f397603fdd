package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/internal/postgres"
)

func call(id string, at time.Time, refs ...aegis.ResourceRef) aegis.CloudEvent {
	return aegis.CloudEvent{
		EventID: id, Source: "ec2.amazonaws.com", Name: "AuthorizeSecurityGroupIngress", Region: "eu-west-1", At: at.UTC().Truncate(time.Second),
		Actor: aegis.CloudActor{Principal: "ann", AccessKeyID: "AKIA-ANN"}, Refs: refs,
	}
}

func group(key string) aegis.ResourceRef {
	return aegis.ResourceRef{Type: "aws_security_group", Key: key}
}

func index(t *testing.T, db *postgres.DB, stackID string, resources ...aegis.IndexedResource) {
	t.Helper()
	for i := range resources {
		resources[i].StackID = stackID
	}
	require.NoError(t, db.SaveResources(t.Context(), stackID, resources))
}

func TestResourceIndexIsReplaced(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	newStack(t, db, "s")
	one := aegis.IndexedResource{Address: "a", Type: "aws_vpc", ID: "vpc-1", Region: "eu-west-1", Parents: []string{}}
	two := aegis.IndexedResource{Address: "b", Type: "aws_subnet", ID: "subnet-1", ARN: "arn:x", Name: "n", Parents: []string{"vpc-1"}}
	index(t, db, "s", one, two)
	one.ID = "vpc-2"
	index(t, db, "s", one)
	found, err := db.StackResources(t.Context(), "s")
	require.NoError(t, err)
	one.StackID = "s"
	require.Equal(t, []aegis.IndexedResource{one}, found)
	require.ErrorIs(t, db.SaveResources(t.Context(), "none", []aegis.IndexedResource{one}), aegis.ErrNotFound)
}

func TestCloudEventsAreKeptOnceAndAskForOneLook(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	newStack(t, db, "s")
	newStack(t, db, "other")
	index(t, db, "s",
		aegis.IndexedResource{Address: "web", Type: "aws_security_group", ID: "sg-1", Region: "eu-west-1"},
		aegis.IndexedResource{Address: "rule", Type: "aws_vpc_security_group_ingress_rule", ID: "sgr-1", Parents: []string{"sg-1"}})
	index(t, db, "other", aegis.IndexedResource{Address: "far", Type: "aws_security_group", ID: "sg-1", Region: "us-east-1"})
	rule := aegis.ResourceRef{Type: "aws_vpc_security_group_ingress_rule", Parent: "sg-1"}
	now := time.Now()
	var events []aegis.CloudEvent
	for i := range 1200 {
		events = append(events, call(fmt.Sprintf("event-%04d", i), now, group("sg-1"), rule))
	}
	events = append(events, call("event-unmanaged", now, group("sg-9")), events[0])

	accepted, err := db.SaveCloudEvents(t.Context(), events)
	require.NoError(t, err)
	require.Equal(t, 1201, accepted)
	accepted, err = db.SaveCloudEvents(t.Context(), events[5:7])
	require.NoError(t, err)
	require.Zero(t, accepted, "delivered again")

	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'observe'`), "a burst is one look")
	pending, err := db.PendingEvents(t.Context(), "s")
	require.NoError(t, err)
	require.Len(t, pending, 1200)
	require.Equal(t, []string{"rule", "web"}, pending[0].Addresses)
	none, err := db.PendingEvents(t.Context(), "other")
	require.NoError(t, err)
	require.Empty(t, none, "the group of another region has the same id by chance")

	require.NoError(t, db.SeeEvents(t.Context(), "s", []string{"event-0000"}))
	pending, err = db.PendingEvents(t.Context(), "s")
	require.NoError(t, err)
	require.Len(t, pending, 1199)
}

func TestCloudEventsOfIssuedKeysAreOwn(t *testing.T) {
	t.Parallel()
	db, conn := open(t)
	newStack(t, db, "s")
	index(t, db, "s", aegis.IndexedResource{Address: "web", Type: "aws_security_group", ID: "sg-1"})
	require.NoError(t, db.RecordKey(t.Context(), aegis.IssuedKey{
		AccessKeyID: "ASIA-OURS", ChangeSetID: "cs-1", ExpiresAt: time.Now().Add(time.Hour),
	}))
	ours, forged := call("event-ours", time.Now(), group("sg-1")), call("event-forged", time.Now(), group("sg-1"))
	ours.Actor.AccessKeyID = "ASIA-OURS"
	forged.Actor.Session = "aegis-cs-1"

	_, err := db.SaveCloudEvents(t.Context(), []aegis.CloudEvent{ours})
	require.NoError(t, err)
	require.Zero(t, count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'observe'`))
	_, err = db.SaveCloudEvents(t.Context(), []aegis.CloudEvent{forged})
	require.NoError(t, err)
	require.Equal(t, 1, count(t, conn, `SELECT count(*) FROM river_job WHERE kind = 'observe'`))

	found, err := db.CloudEvents(t.Context(), "s", []string{"sg-1"}, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, found, 2)
	own := map[string]string{}
	for _, e := range found {
		if e.Own {
			own[e.EventID] = e.ChangeSetID
		}
		require.Equal(t, []aegis.ResourceRef{group("sg-1")}, e.Refs)
		require.Equal(t, "ann", e.Actor.Principal)
	}
	require.Equal(t, map[string]string{"event-ours": "cs-1"}, own)
	later, err := db.CloudEvents(t.Context(), "s", []string{"sg-1"}, time.Now().Add(time.Minute), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Empty(t, later)
}

// TestEventsThatComeTogetherAreAllSeen hands in the same and other events from
// several sides while looks are under way: none may be left pending.
func TestEventsThatComeTogetherAreAllSeen(t *testing.T) {
	t.Parallel()
	db, _ := open(t)
	ids := []string{"s-0", "s-1", "s-2"}
	for _, id := range ids {
		newStack(t, db, id)
		index(t, db, id, aegis.IndexedResource{Address: "web", Type: "aws_security_group", ID: "sg-" + id})
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	done := make(chan struct{})
	const each = 150
	ctx, stop := context.WithCancel(t.Context())
	var group errgroup.Group
	group.Go(func() error {
		h := idle()
		h.Observe = func(ctx context.Context, stackID string) error {
			pending, err := db.PendingEvents(ctx, stackID)
			if err != nil {
				return err
			}
			var got []string
			for _, p := range pending {
				got = append(got, p.EventID)
			}
			if err := db.SeeEvents(ctx, stackID, got); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			before := len(seen)
			for _, id := range got {
				seen[id] = true
			}
			if before < each && len(seen) == each {
				close(done)
			}
			return nil
		}
		return db.WorkFast(ctx, h)
	})
	var writers errgroup.Group
	for range 4 {
		writers.Go(func() error {
			for i := range each {
				refs := []aegis.ResourceRef{{Type: "aws_security_group", Key: "sg-" + ids[i%3]}}
				if _, err := db.SaveCloudEvents(ctx, []aegis.CloudEvent{call(fmt.Sprintf("event-%04d", i), time.Now(), refs...)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, writers.Wait())
	<-done
	stop()
	require.NoError(t, group.Wait())
}
