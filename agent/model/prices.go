package model

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
)

// Price is what a model costs, and how much it reads at that price.
type Price struct {
	// Model is the vendor's id.
	Model string `json:"model"`
	// InputUSD and OutputUSD are US dollars for a million tokens, which is
	// millionths of a US dollar for one.
	InputUSD  float64 `json:"input_usd"`
	OutputUSD float64 `json:"output_usd"`
	// Window is the most tokens of a request and its answer together.
	Window int `json:"window"`
	// Date is when the price was read, Source where.
	Date   string `json:"date"`
	Source string `json:"source"`
}

//go:embed prices.json
var priceTable []byte

// Prices returns the shipped price table by model id.
func Prices() (map[string]Price, error) {
	var list []Price
	if err := json.Unmarshal(priceTable, &list); err != nil {
		return nil, fmt.Errorf("read the price table: %w", err)
	}
	prices := make(map[string]Price, len(list))
	for _, p := range list {
		if _, twice := prices[p.Model]; twice {
			return nil, fmt.Errorf("read the price table: %s is in it twice", p.Model)
		}
		prices[p.Model] = p
	}
	return prices, nil
}

// micros is what so many tokens cost, rounded up.
func (p Price) micros(input, output int) int64 {
	return int64(math.Ceil(float64(input)*p.InputUSD + float64(output)*p.OutputUSD))
}
