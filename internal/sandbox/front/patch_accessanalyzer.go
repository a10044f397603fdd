package front

import (
	"net/http"
	"regexp"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// analyzerPatches serve IAM Access Analyzer's analyzers, which the emulator
// lacks. None finds anything.
func analyzerPatches() []patch {
	return acts("access-analyzer", map[string]act{
		"CreateAnalyzer": createAnalyzer, "GetAnalyzer": getAnalyzer, "ListAnalyzers": listAnalyzers, "DeleteAnalyzer": deleteAnalyzer,
	}, restTagging("tags").acts())
}

type analyzer struct {
	phase

	arn, name, kind string
}

var analyzerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,254}$`)

func createAnalyzer(s *stores, m moment, c wire.Call) (any, error) {
	var in struct {
		AnalyzerName, Type string
		Tags               map[string]string
	}
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	switch {
	case !analyzerName.MatchString(in.AnalyzerName):
		return nil, apiError("ValidationException", http.StatusBadRequest, "The analyzer's name is not valid.")
	case in.Type != "ACCOUNT" && in.Type != "ACCOUNT_UNUSED_ACCESS":
		return nil, apiError("ValidationException", http.StatusBadRequest, "An account without an organization has no analyzer of type "+in.Type+".")
	case s.analyzers[c.Region+" "+in.AnalyzerName] != nil:
		return nil, apiError("ConflictException", http.StatusConflict, "An analyzer with that name already exists.")
	}
	made := &analyzer{phase: begun(m, "CREATING"), arn: s.arn(c, "analyzer/"+in.AnalyzerName), name: in.AnalyzerName, kind: in.Type}
	s.analyzers[c.Region+" "+made.name] = made
	s.tags.set(made.arn, in.Tags)
	return map[string]string{"arn": made.arn}, nil
}

// analyzer is the one that the call's path names.
func (s *stores) analyzer(c wire.Call) (*analyzer, error) {
	one := s.analyzers[c.Region+" "+pathArg(c, "analyzer")]
	if one == nil {
		return nil, apiError("ResourceNotFoundException", http.StatusNotFound, "The specified resource was not found.")
	}
	return one, nil
}

func (s *stores) describeAnalyzer(m moment, one *analyzer) map[string]any {
	return map[string]any{
		"arn": one.arn, "name": one.name, "type": one.kind, "createdAt": one.created, "status": one.status(m, "ACTIVE"), "tags": s.tags[one.arn],
	}
}

func getAnalyzer(s *stores, m moment, c wire.Call) (any, error) {
	one, err := s.analyzer(c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"analyzer": s.describeAnalyzer(m, one)}, nil
}

func listAnalyzers(s *stores, m moment, c wire.Call) (any, error) {
	all := []any{}
	for _, one := range inRegion(s.analyzers, c.Region) {
		all = append(all, s.describeAnalyzer(m, one))
	}
	return map[string]any{"analyzers": all}, nil
}

func deleteAnalyzer(s *stores, _ moment, c wire.Call) (any, error) {
	one, err := s.analyzer(c)
	if err != nil {
		return nil, err
	}
	delete(s.analyzers, c.Region+" "+one.name)
	delete(s.tags, one.arn)
	return nil, nil
}
