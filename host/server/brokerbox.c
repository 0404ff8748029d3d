/* SPDX-License-Identifier: MIT
 * brokerbox.c -- see brokerbox.h.
 *
 * Files: an allow list for reading (the system's programs, libraries and the settings that libc reads, not
 * all of /etc), and for writing the working directory and the paths in the call.  Landlock's ptrace rule also
 * protects /proc/PID/environ and /proc/PID/mem of other processes, once root has lost the capabilities that
 * bypass it.  System calls: a deny list, since no allow list would fit every program.
 * Owns nothing.  Kernel numbers are spelled out, since the headers here may be older than the kernel. */
#include "server/brokerbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Landlock (linux/landlock.h) ---- */

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, ASK_VERSION = 1, PATH_BENEATH = 1 };
enum { SCOPES_SINCE = 6, ABSTRACT_UNIX = 1, SIGNALS = 2 };
enum {
  EXECUTE = 1 << 0, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_DIR = 1 << 3, MAKE_CHAR = 1 << 6,
  MAKE_BLOCK = 1 << 11, REFER = 1 << 13, TRUNCATE = 1 << 14, IOCTL_DEV = 1 << 15
};
enum {
  READING = EXECUTE | READ_FILE | READ_DIR,
  OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE,
  WRITING = ((1 << 15) - 1) & ~(MAKE_CHAR | MAKE_BLOCK),
  DEVICE = READ_FILE | WRITE_FILE | TRUNCATE
};

typedef struct { uint64_t files, net, scopes; } ruleset;
typedef struct __attribute__((packed)) { uint64_t allowed; int32_t parent; } beneath;

static const char *const readable[] = {
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/proc",
    "/sys/devices/system/cpu", "/sys/fs/cgroup", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/alternatives", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf",
    "/etc/resolv.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/localtime",
    "/etc/timezone", "/etc/mime.types", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates",
    "/etc/pki", "/etc/fonts", "/etc/os-release", "/etc/debian_version", "/etc/terminfo"};
static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

int box_landlock(void) {
  long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
  return version > 0 ? (int)version : 0;
}

static uint64_t handled(int version) {
  uint64_t all = (1 << 13) - 1;
  if (version >= 2) all |= REFER;
  if (version >= 3) all |= TRUNCATE;
  if (version >= 5) all |= IOCTL_DEV;
  return all;
}

static int allow(int rules, uint64_t known, const char *path, uint64_t rights) {
  struct stat st;
  beneath rule = {.parent = open(path, O_PATH | O_CLOEXEC)};
  if (rule.parent < 0) return -1;
  int failed = fstat(rule.parent, &st);
  rule.allowed = rights & known & (S_ISDIR(st.st_mode) ? ~(uint64_t)0 : OF_FILES);
  if (!failed) failed = (int)syscall(ADD_RULE, rules, PATH_BENEATH, &rule, 0);
  int why = errno;
  close(rule.parent);
  errno = why;
  return failed;
}

/* The usual paths.  One that this machine does not have is not needed. */
static int allow_usual(int rules, uint64_t known, const char *const *paths, size_t n, uint64_t rights) {
  for (size_t i = 0; i < n; i++)
    if (allow(rules, known, paths[i], rights) && errno != ENOENT && errno != EACCES && errno != ENOTDIR)
      return -1;
  return 0;
}

static int allow_named(int rules, uint64_t known, char *const *paths, uint64_t rights, const char **what) {
  for (; *paths; paths++)
    if (allow(rules, known, *paths, rights)) {
      *what = *paths;
      return -1;
    }
  return 0;
}

static int allow_all(int rules, uint64_t known, const wire_call *c, const char *program,
                     const char **what) {
  if (allow_usual(rules, known, readable, sizeof readable / sizeof *readable, READING)) return -1;
  if (allow_usual(rules, known, devices, sizeof devices / sizeof *devices, DEVICE)) return -1;
  if (allow(rules, known, program, READING) || allow(rules, known, ".", WRITING)) return -1;
  if (allow_named(rules, known, c->read, READING, what)) return -1;
  return allow_named(rules, known, c->write, WRITING, what);
}

/* A program of root keeps only the capabilities left in the
 * bounding set: over files and identities. */
static void drop_capabilities(void) {
  static const int kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID,
                             CAP_SETUID, CAP_NET_BIND_SERVICE};
  for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
    size_t i = 0, n = sizeof kept / sizeof *kept;
    while (i < n && kept[i] != cap) i++;
    if (i == n) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* fails only without any capabilities */
  }
}

int box_files(const wire_call *call, const char *program, const char **what) {
  int version = box_landlock();
  if (!(call->head.flags & WIRE_BOX)) return 0;
  drop_capabilities();
  *what = "Landlock";
  errno = ENOSYS;
  if (!version) return call->head.flags & WIRE_STRICT ? -1 : 0;
  ruleset r = {.files = handled(version), .scopes = version >= SCOPES_SINCE ? SIGNALS : 0};
  if (r.scopes && !(call->head.flags & WIRE_UNIX)) r.scopes |= ABSTRACT_UNIX;
  int rules = (int)syscall(CREATE_RULESET, &r, sizeof r, 0);
  if (rules < 0) return -1;
  return allow_all(rules, r.files, call, program, what) || syscall(RESTRICT_SELF, rules, 0) ? -1 : 0;
}

/* ---- seccomp ---- */

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#else
#define MACHINE 0 /* untested on this machine: treat seccomp as missing */
#endif

/* Calls that affect kernel and machine, other processes' memory, keys and
 * namespaces; and io_uring, whose operations bypass filters.  Most need
 * root: this stops a program that has found a way to become root. */
static const int refused[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_mount, SYS_umount2, SYS_pivot_root,
    SYS_chroot, SYS_setns, SYS_unshare, SYS_bpf, SYS_perf_event_open, SYS_kexec_load, SYS_keyctl, SYS_add_key,
    SYS_request_key, SYS_userfaultfd, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot,
    SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
    SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname, SYS_syslog, SYS_vhangup, SYS_open_by_handle_at,
    SYS_name_to_handle_at, SYS_fanotify_init, SYS_lookup_dcookie,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm,
#endif
    425 /* io_uring_setup */, 426, 427, 428 /* open_tree */, 429 /* move_mount */, 430 /* fsopen */,
    431 /* fsconfig */, 432 /* fsmount */, 433 /* fspick */, 438 /* pidfd_getfd */, 442 /* mount_setattr */,
    443 /* quotactl_fd */, 440 /* process_madvise */};

enum { FILTER = 160, X32 = 0x40000000, TYPE = 0xf };
enum { NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                    CLONE_NEWPID | CLONE_NEWNET };

static struct sock_filter code[FILTER];
static unsigned short length;

static void add(unsigned short op, uint32_t k, unsigned char yes, unsigned char no) {
  code[length++] = (struct sock_filter){.code = op, .jt = yes, .jf = no, .k = k};
}

static void load(size_t offset) {
  add(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Little-endian: the lower half of an argument comes first. */
static void load_argument(size_t i) {
  load(offsetof(struct seccomp_data, args) + i * sizeof(uint64_t));
}

static void load_number(void) {
  load(offsetof(struct seccomp_data, nr));
}

static void answer(int error) {
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error, 0, 0);
}

static void refuse(int number, int error) {
  add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
  answer(error);
}

static void check_machine(void) {
  load(offsetof(struct seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
  add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
  load_number();
  add(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
  answer(ENOSYS);
}

/* clone3 passes its flags in memory, which filters cannot read: libraries fall back to clone. */
static void check_clone(void) {
  refuse(SYS_clone3, ENOSYS);
  add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
  load_argument(0);
  add(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1);
  answer(EPERM);
  load_number();
}

/* Refuses call `number` unless argument i, masked, has one of these values. */
static void only(int number, size_t i, uint32_t mask, const int *values, unsigned char n) {
  add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, (unsigned char)(n + 4));
  load_argument(i);
  add(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
  for (unsigned char k = 0; k < n; k++)
    add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)values[k], (unsigned char)(n - k), 0);
  answer(EACCES);
  load_number();
}

/* A datagram socket of a pair could be connected to another process's socket; a stream's cannot. */
static void check_sockets(uint32_t flags) {
  static const int pairs[] = {SOCK_STREAM, SOCK_SEQPACKET};
  int families[4] = {0};
  unsigned char n = 0;
  if (flags & WIRE_UNIX) families[n++] = AF_UNIX;
  if (flags & WIRE_NETWORK) families[n++] = AF_INET, families[n++] = AF_INET6, families[n++] = AF_NETLINK;
  only(SYS_socket, 0, ~0U, families, n);
  if (!(flags & WIRE_UNIX)) only(SYS_socketpair, 1, TYPE, pairs, 2);
}

bool box_seccomp(void) {
  uint32_t action = SECCOMP_RET_ERRNO;
  return MACHINE && !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

int box_calls(const wire_call *call, const char **what) {
  uint32_t flags = call->head.flags;
  *what = "seccomp";
  errno = ENOSYS;
  if (!box_seccomp()) return (flags & (WIRE_BOX | WIRE_STRICT)) == (WIRE_BOX | WIRE_STRICT) ? -1 : 0;
  length = 0;
  check_machine();
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) refuse(refused[i], EPERM);
  check_clone();
  if (flags & WIRE_BOX) check_sockets(flags);
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
  struct sock_fprog program = {.len = length, .filter = code};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
