package wire

import "strings"

// maskObject hides the values of secret fields, in place.
func maskObject(object map[string]any) map[string]any {
	for name, value := range object {
		if secretName(name) {
			object[name] = Masked
			continue
		}
		object[name] = maskValue(value)
	}
	if kind, ok := object["type"].(string); ok && kind == "SecureString" {
		object["value"] = Masked
	}
	return object
}

func maskValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return maskObject(v)
	case []any:
		for i := range v {
			v[i] = maskValue(v[i])
		}
	}
	return value
}

func secretName(name string) bool {
	switch strings.ToLower(name) {
	case "secretaccesskey", "sessiontoken", "secretstring", "secretbinary", "masteruserpassword", "userdata",
		"keymaterial", "privatekey", "plaintext", "authtoken", "authorizationtoken", "environment", "userdatavalue",
		"oauthtoken", "clientsecret", "credentials":
		return true
	}
	return strings.HasSuffix(strings.ToLower(name), "password")
}
