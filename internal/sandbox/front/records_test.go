package front_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aegisworld/aegis/internal/sandbox/front"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "records.jsonl")
	records, err := front.OpenRecords(path)
	require.NoError(t, err)
	_, more := records.After(0, 10)
	for range 3 {
		require.NoError(t, records.Add(json.RawMessage(`{"eventName":"X"}`)))
	}
	<-more
	found, _ := records.After(1, 1)
	require.Len(t, found, 1)
	require.EqualValues(t, 2, found[0].Seq)
	require.NoError(t, records.Close())

	// A crash may cut the last line short.
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text[:len(text)-5], 0o600))
	records, err = front.OpenRecords(path)
	require.NoError(t, err)
	require.NoError(t, records.Add(json.RawMessage(`{}`)))
	require.NoError(t, records.Close())
	records, err = front.OpenRecords(path)
	require.NoError(t, err)
	found, _ = records.After(0, 10)
	require.Len(t, found, 3)
	require.EqualValues(t, 3, found[2].Seq)
	require.NoError(t, records.Close())
}

func TestFaultTable(t *testing.T) {
	t.Parallel()
	table := front.NewFaultTable()
	first, err := table.Set(front.Fault{Region: "eu-west-1", Throttle: true})
	require.NoError(t, err)
	second, err := table.Set(front.Fault{Region: "eu-west-1", LatencyMS: 5})
	require.NoError(t, err)
	require.NotEqual(t, first.ID, second.ID)
	require.Equal(t, []front.Fault{second}, table.List(), "the same place is replaced")
	require.Equal(t, 0, table.Clear(first.ID))
	require.Equal(t, 1, table.Clear(""))
	require.Empty(t, table.List())
}
