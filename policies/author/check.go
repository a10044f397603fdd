package author

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/aegisworld/aegis/policies"
	"github.com/aegisworld/aegis/policies/archive"
)

// mostErrors bounds what the compiler reports at once.
const mostErrors = 50

// Check says what is wrong with a bundle, in the order of its files: Rego that
// does not parse or compile in strict mode, or does not fit the schemas that
// its annotations name; built-in functions that rules may not use; data and a
// manifest that can't be read, or do not agree; and a gate that would give no
// answer. Warnings are about the METADATA of rules.
//
// A bundle without a manifest is added to base first, if there is one; files
// is the outcome, nil when it could not be made. Only faults of the bundle
// itself are looked for, beside those that it makes in base.
func Check(bundle, base archive.Files) (files archive.Files, faults []Fault) {
	modules, faults := syntax(bundle)
	if len(faults) > 0 {
		return nil, sorted(faults)
	}
	if files, faults = compose(bundle, base); len(faults) > 0 {
		return nil, sorted(faults)
	}
	faults = append(impure(modules), outsideRoots(bundle, modules)...)
	faults = append(faults, gateMissing(files)...)
	if len(faults) == 0 {
		faults = compile(files)
	}
	return files, sorted(append(faults, incomplete(modules)...))
}

// Compose adds a bundle without a manifest to base; one with a manifest stands
// alone.
func Compose(bundle, base archive.Files) (archive.Files, error) {
	if bundle.Whole() || len(base) == 0 {
		return bundle, nil
	}
	return archive.Compose(base, bundle)
}

func compose(bundle, base archive.Files) (archive.Files, []Fault) {
	files, err := Compose(bundle, base)
	if err != nil {
		return nil, faultsOf(err)
	}
	return files, nil
}

// syntax parses every file by itself, so that all faults are found at once.
func syntax(bundle archive.Files) (modules map[string]*ast.Module, faults []Fault) {
	modules = map[string]*ast.Module{}
	for _, name := range bundle.Names() {
		switch {
		case archive.IsModule(name):
			module, found := parse(name, bundle[name])
			faults = append(faults, found...)
			modules[name] = module
		case archive.IsData(name):
			faults = append(faults, unreadable(name, bundle[name])...)
		case name == archive.ManifestName:
			faults = append(faults, manifest(bundle)...)
		}
	}
	return modules, faults
}

func parse(name string, text []byte) (*ast.Module, []Fault) {
	module, err := ast.ParseModuleWithOpts(name, string(text), ast.ParserOptions{
		ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: policies.Capabilities(),
	})
	faults := faultsOf(err)
	for i, f := range faults {
		if f.Line == 0 {
			faults[i].File, faults[i].Line, faults[i].Column = name, 1, 1
		}
	}
	return module, faults
}

// compile compiles all modules, tests included, as they would run and more
// strictly.
func compile(files archive.Files) []Fault {
	b, err := files.Parse(policies.Capabilities(), nil)
	if err != nil {
		return faultsOf(err)
	}
	compiler, err := policies.NewCompiler()
	if err != nil {
		return faultsOf(err)
	}
	modules := make(map[string]*ast.Module, len(b.Modules))
	for _, m := range b.Modules {
		modules[m.Path] = m.Parsed
	}
	compiler.WithStrict(true).SetErrorLimit(mostErrors).WithPathConflictsCheck(holds(b.Data)).Compile(modules)
	if !compiler.Failed() {
		return nil
	}
	return faultsOf(compiler.Errors)
}

// holds says whether data has something at a path, where no rule may be.
func holds(data map[string]any) func(path []string) (bool, error) {
	return func(path []string) (bool, error) {
		var here any = data
		for _, key := range path {
			object, ok := here.(map[string]any)
			if !ok {
				return false, nil
			}
			if here, ok = object[key]; !ok {
				return false, nil
			}
		}
		return true, nil
	}
}

// gateMissing says which parts of the gate's answer nothing defines.
func gateMissing(files archive.Files) []Fault {
	defined := map[string]bool{}
	for _, name := range files.Names() {
		if !archive.IsModule(name) || archive.IsTest(name) {
			continue
		}
		module, found := parse(name, files[name])
		if len(found) > 0 || module.Package.Path.String() != gatePackage {
			continue
		}
		for _, rule := range module.Rules {
			defined[rule.Head.Ref()[0].Value.String()] = true
		}
	}
	missing := slices.DeleteFunc([]string{"deny", "warn", "require", "execution_policy"}, func(part string) bool { return defined[part] })
	if len(missing) == 0 {
		return nil
	}
	return []Fault{noGate(files, defined, missing)}
}
