//go:build linux && (amd64 || arm64)

package confine

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// newRoot is where the root is built: a folder that every system has.
const newRoot = "/proc"

// makeRoot gives the process a root of its own: the system's programs to read, five
// devices, and a scratch folder in memory. There is no /proc, no /sys, no home.
func makeRoot(l Limits) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", newRoot, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=1m,nr_inodes=256,mode=755"); err != nil {
		return fmt.Errorf("mount a root: %w", err)
	}
	for _, dir := range []string{"dev", "etc", scratch} {
		if err := os.Mkdir(filepath.Join(newRoot, dir), 0o755); err != nil { //nolint:gosec // for all in the child
			return fmt.Errorf("make the root: %w", err)
		}
	}
	for _, dir := range []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives", "/etc/ld.so.cache"} {
		if err := show(dir, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV); err != nil {
			return fmt.Errorf("show %s: %w", dir, err)
		}
	}
	for _, device := range []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"} {
		if err := show(device, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
			return fmt.Errorf("show %s: %w", device, err)
		}
	}
	for name, text := range map[string]string{
		"etc/passwd": "nobody:x:65534:65534:nobody:" + scratch + ":/bin/sh\n",
		"etc/group":  "nogroup:x:65534:\n",
	} {
		if err := os.WriteFile(filepath.Join(newRoot, name), []byte(text), 0o444); err != nil { //nolint:gosec // for all in the child
			return fmt.Errorf("make the root: %w", err)
		}
	}
	if err := os.Symlink(scratch, filepath.Join(newRoot, "tmp")); err != nil {
		return fmt.Errorf("make the root: %w", err)
	}
	size := fmt.Sprintf("size=%dm,nr_inodes=8192,mode=700", l.ScratchMiB)
	if err := unix.Mount("tmpfs", filepath.Join(newRoot, scratch), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, size); err != nil {
		return fmt.Errorf("mount the scratch folder: %w", err)
	}
	return enterRoot()
}

// show binds a file or folder of the host into the root, with attributes; what is
// not there is left out, and a link stays a link.
func show(from string, attributes uint64) error {
	info, err := os.Lstat(from)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	to := filepath.Join(newRoot, from)
	switch {
	case info.Mode()&os.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case info.IsDir():
		err = os.Mkdir(to, 0o755) //nolint:gosec // for all in the child
	default:
		err = os.WriteFile(to, nil, 0o444) //nolint:gosec // for all in the child
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	attr := unix.MountAttr{Attr_set: attributes}
	if err := unix.MountSetattr(unix.AT_FDCWD, to, unix.AT_RECURSIVE, &attr); err != nil {
		return fmt.Errorf("restrict it: %w (it takes Linux 5.12)", err)
	}
	return nil
}

// enterRoot leaves the host's root for the new one, which can't be written to.
func enterRoot() error {
	if err := os.Chdir(newRoot); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil { // the old one is then on top of the new one
		return fmt.Errorf("enter the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the host's root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", 0, &attr); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	return unix.Sethostname([]byte("confined"))
}
