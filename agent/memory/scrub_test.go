package memory_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/aegisworld/aegis/agent/memory"
)

// joined keeps made-up secrets from looking like real ones to scanners of code.
func joined(parts ...string) string { return strings.Join(parts, "") }

func TestScrubTakesOut(t *testing.T) {
	t.Parallel()
	pem := joined("-----BEGIN RSA ", "PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nabcd\n", "-----END RSA ", "PRIVATE KEY-----")
	jwt := joined("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0", ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U")
	for name, c := range map[string]struct{ text, want string }{
		"AWS access key":             {joined("key AK", "IAIOSFODNN7EXAMPLE."), "key [aws_key]."},
		"temporary AWS key":          {joined("(AS", "IAIOSFODNN7EXAMPLE)"), "([aws_key])"},
		"AWS secret key":             {joined("found wJalrXUtnFEMI", "/K7MDENG/bPxRfiCYEXAMPLEKEY there"), "found [secret] there"},
		"our own token":              {joined("used aegis", "_Zk3vQ8pL0xT2mN7r for it"), "used [token] for it"},
		"GitHub token":               {joined("gh", "p_16C7e42F292c6912E7710c838347Ae178B4a"), "[token]"},
		"Slack token":                {joined("xo", "xb-123456789012-abcdefABCDEF"), "[token]"},
		"JWT":                        {"sent " + jwt + " along", "sent [jwt] along"},
		"private key":                {"before\n" + pem + "\nafter", "before\n[private_key]\nafter"},
		"private key without end":    {"before\n" + pem[:60], "before\n[private_key]"},
		"private key in JSON":        {`{"k":"` + strings.ReplaceAll(pem, "\n", `\n`) + `"}`, `{"k":"[private_key]"}`},
		"bearer":                     {"Authorization: Bearer abc123def456", "Authorization: [secret]"},
		"bearer in prose":            {"called with bearer abc123def456 twice", "called with bearer [token] twice"},
		"password in a URL":          {"postgres://admin:s3/cr@t@db.internal:5432/x", "postgres://[credentials]@db.internal:5432/x"},
		"token in a URL":             {"git clone https://abcdef123@github.com/a/b", "git clone https://[credentials]@github.com/a/b"},
		"signature in a URL":         {"https://b.s3/x?X-Amz-Signature=abcdef01&x=1", "https://b.s3/x?X-Amz-Signature=[secret]&x=1"},
		"pair":                       {"password=hunter2 user=ann", "password=[secret] user=ann"},
		"pair with spaces":           {"DB_PASSWORD = hunter2", "DB_PASSWORD = [secret]"},
		"shell":                      {"export API_KEY='a b c'; run", "export API_KEY='[secret]'; run"},
		"JSON":                       {`{"password":"a\"b","user":"ann"}`, `{"password":"[secret]","user":"ann"}`},
		"JSON in JSON":               {`{"m":"{\"token\":\"abc\",\"n\":1}"}`, `{"m":"{\"token\":\"[secret]\",\"n\":1}"}`},
		"JSON without its end":       {`{"client_secret":"abc`, `{"client_secret":"[secret]`},
		"YAML":                       {"secret: abc\nother: x", "secret: [secret]\nother: x"},
		"YAML block":                 {"password: |\n  hunter2\nother: x", "password: |\n  [secret]\nother: x"},
		"HCL":                        {`master_password = "abc"`, `master_password = "[secret]"`},
		"Ruby":                       {`:secret => "abc"`, `:secret => "[secret]"`},
		"number":                     {"pin password: 1234", "pin password: [secret]"},
		"prose":                      {"the password is hunter2.", "the password is [secret]."},
		"prose with a random string": {"rotate the key zX9dLq77Pw soon", "rotate the key [secret] soon"},
		"hidden by zero width":       {joined("AK", "\u200bIAIOSFODNN7EXAMPLE"), "[aws_key]"},
		"hidden by full width":       {"ann＠example．com", "[email]"},
		"hidden by a control":        {"pass\x00word=hunter2", "password=[secret]"},
		"hidden by direction":        {"ann@\u202eexample.com", "[email]"},
		"e-mail":                     {"ask Ann <ann.o'neil+x@mail.example.co.uk>!", "ask Ann <[email]>!"},
		"e-mail in a URL":            {"?to=ann%40example.com&x=1", "?to=[email]&x=1"},
		"e-mail of elsewhere":        {"jürgen@bücher.example", "[email]"},
		"phone":                      {"call +49 (0)30 1234-5678 now", "call [phone] now"},
		"phone of North America":     {"(555) 010-4477 or 555-010-4477", "[phone] or [phone]"},
		"phone that is called one":   {"Phone: 5550104477", "Phone: [phone]"},
		"national phone":             {"030 12345678", "[phone]"},
		"card":                       {"paid by 4111 1111 1111 1111 today", "paid by [card] today"},
		"card without groups":        {"5500005555555559", "[card]"},
		"card with hyphens":          {"3782-822463-10005", "[card]"},
		"card beside a date":         {"2026-11-27 4111111111111111", "2026-11-27 [card]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, memory.Scrub(c.text))
		})
	}
}

func TestScrubLeaves(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Scaled the runtime in eu-west-1 from 3 to 5 nodes; p99 fell by 40 %.",
		"The key of the plan is its digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.",
		"arn:aws:iam::123456789012:role/aegis/prod/ExecutorRoleForRuntimeStacks",
		"secret_arn = arn:aws:secretsmanager:us-east-1:123456789012:secret:db",
		"token bucket, key figures, a secret place, password rotation, basic networking",
		"max_tokens: 4096, tokens=17, key: environment",
		"secret: true\npassword = null",
		"vpc-0a1b2c3d4e5f60718 in 10.0.0.0/16, peer 203.0.113.7, port 5432",
		"2026-11-27T10:42:19Z to 2026-12-01, account 123456789012, epoch 1732704139000",
		"goal-01jd3v0000abcdefghijklmnop and cs-01jd3v0000abcdefghijklmnop",
		"postgres://db.internal:5432/aegis?sslmode=require",
		"4111 1111 1111 1112 fails the check",
		"日本語のメモ、größere Knoten",
		"a line\nand\tanother",
	} {
		require.Equal(t, text, memory.Scrub(text))
	}
}

func TestScrubBoundsTexts(t *testing.T) {
	t.Parallel()
	long := memory.Scrub(strings.Repeat("größe ", 100_000))
	require.LessOrEqual(t, len(long), 8<<10)
	require.Greater(t, len(long), 8<<10-8)
	require.True(t, utf8.ValidString(long))
	require.Empty(t, memory.Scrub("\x00\x1b\u200b \n"))
	require.Empty(t, memory.Scrub(strings.Repeat("x", 1<<20)), "one word of a mebibyte is none")
	require.NotContains(t, memory.Scrub(strings.Repeat("password=hunter2 ", 40_000)), "hunter2")
	require.Equal(t, "abc", memory.Scrub("a\xffb\xfe\xfdc"))
	require.Equal(t, "\u00c0", memory.Scrub("A\x00\u0300"), "what hid between a letter and its accent is gone")
}

// secrets draws one that must never be kept, in what people put around it.
func secrets(t *rapid.T) (secret, text string) {
	letters := rapid.StringMatching(`[a-zA-Z0-9]{20,30}`).Draw(t, "letters")
	secret = rapid.SampledFrom([]string{
		joined("AK", "IA") + strings.ToUpper(letters)[:16], "aegis_" + letters, "gh" + "p_" + letters, "eyJ" + letters + "." + letters + "." + letters,
	}).Draw(t, "secret")
	if rapid.Bool().Draw(t, "named") {
		secret = rapid.StringMatching(`[a-zA-Z0-9!#$%^*+/_.-]{6,24}x7`).Draw(t, "value")
		secret = strings.TrimLeft(secret, "|>-+[")
		name := rapid.SampledFrom([]string{"password", "DB_PASSWORD", "secret", "client_secret", "api_key", "apiKey", "auth.token", "Authorization"}).Draw(t, "name")
		form := rapid.SampledFrom([]string{`N=V`, `N: V`, `"N":"V"`, `'N': 'V'`, `N = "V"`, `N => 'V'`, `{\"N\":\"V\"}`, `?a=1&N=V&b=2`, "N: |\n  V"}).Draw(t, "form")
		return secret, strings.NewReplacer("N", name, "V", secret).Replace(form)
	}
	return secret, secret
}

func TestScrubKeepsNoSecret(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret, text := secrets(t)
		before := rapid.StringOf(rapid.RuneFrom(nil, unicode.L, unicode.Zs)).Draw(t, "before")
		after := rapid.String().Draw(t, "after")
		got := memory.Scrub(before + " " + text + " " + after)
		require.NotContains(t, got, secret)
	})
}

func TestScrubTwiceIsScrubOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, text := secrets(t)
		once := memory.Scrub(rapid.String().Draw(t, "before") + text + rapid.String().Draw(t, "after"))
		require.Equal(t, once, memory.Scrub(once))
		require.True(t, utf8.ValidString(once))
		require.LessOrEqual(t, len(once), 8<<10)
		for _, r := range once {
			require.False(t, unicode.IsControl(r) && r != '\n' && r != '\t', "%q", r)
		}
	})
}

func TestScrubFindsEveryCard(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		digits := []byte("4")
		for len(digits) < 15 {
			digits = append(digits, byte('0'+draw.IntN(10)))
		}
		for check := byte('0'); check <= '9'; check++ {
			text := memory.Scrub("card " + string(append(digits[:15:15], check)))
			if text == "card [card]" {
				check = '9' + 1
				continue
			}
			require.Less(t, check, byte('9'), "one of ten passes: %s", text)
		}
	}
}

func FuzzScrub(f *testing.F) {
	for _, seed := range []string{"password=\\\"", "secret: |", "-----BEGIN PRIVATE KEY-----", "a@b.c", "\xff", "token='", "key=\\\\\\\\'x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := memory.Scrub(text)
		require.True(t, utf8.ValidString(got))
		require.LessOrEqual(t, len(got), 8<<10)
	})
}
