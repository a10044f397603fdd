package front

import (
	"bytes"
	"context"
	"regexp"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// ec2Patches keep a launch template's own tags out of its data, where the
// emulator puts them beside the tags of instances.
func ec2Patches() []patch {
	return []patch{{service: "ec2", action: "DescribeLaunchTemplateVersions", answer: dropTemplateTags}}
}

var templateTags = regexp.MustCompile(
	`<item><resourceType>launch-template</resourceType>(<tagSet>(<item><key>[^<]*</key>(<value>[^<]*</value>|<value/>)</item>)*</tagSet>|<tagSet/>)</item>`)

func dropTemplateTags(_ context.Context, _ *Front, _ wire.Call, body []byte) []byte {
	return bytes.ReplaceAll(templateTags.ReplaceAll(body, nil), []byte("<tagSpecificationSet></tagSpecificationSet>"), nil)
}
