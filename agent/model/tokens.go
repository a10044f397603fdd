package model

// What vendors add around a request: roles, the description of a tool that
// takes a structured answer, instructions of their own.
const (
	overheadTokens        = 1024
	overheadMessageTokens = 16
	bytesPerLikelyToken   = 3
)

// mostTokens is the most that a request can have: each token of a vocabulary
// stands for at least one byte. Money is reserved for it.
func (r Request) mostTokens() int {
	return r.bytes() + overheadTokens + overheadMessageTokens*len(r.Messages)
}

// likelyTokens is what a request will have, estimated high; English has some
// four bytes a token, code and JSON three. Models are chosen by it.
func (r Request) likelyTokens() int {
	return r.bytes()/bytesPerLikelyToken + overheadTokens/4 + overheadMessageTokens*len(r.Messages)
}

// RoomFor is how many bytes so many messages may have between them to fit a window of
// tokens, without an answer; 0 is none.
func RoomFor(window, messages int) int {
	return max(0, window-overheadTokens/4-overheadMessageTokens*messages) * bytesPerLikelyToken
}
