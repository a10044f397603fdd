// Package secops turns what detectors find into incidents.
package secops
