/* board.h as a process: the link is a TCP port of this machine, for one host at a time. Linux, macOS, Windows. */
#if defined(__APPLE__)
#define _DARWIN_C_SOURCE /* INADDR_LOOPBACK */
#elif !defined(_WIN32)
#define _POSIX_C_SOURCE 200112L
#endif

#include "board_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "virtual_sensor.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#define NOTHING INVALID_SOCKET
#else
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
typedef int SOCKET;
#define NOTHING (-1)
#define closesocket close
#endif

#define IDLE_US 2000
#define SEND_BYTES 32768 /* what the machine may hold back: a host that stalls shall not get seconds-old samples */
#define US_PER_S 1000000u

static struct {
    SOCKET listener, client;
    bool watch_parent;
} wire;

static uint32_t speed = 1;

#ifdef _WIN32
static uint64_t machine_time_us(void) {
    LARGE_INTEGER count, per_second;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&per_second);
    return (uint64_t)((double)count.QuadPart * US_PER_S / (double)per_second.QuadPart);
}

static bool start_sockets(void) {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

static void never_wait(SOCKET s) {
    u_long on = 1;
    ioctlsocket(s, FIONBIO, &on);
}

static bool would_wait(void) { return WSAGetLastError() == WSAEWOULDBLOCK; }

static bool parent_left(void) {
    DWORD waiting = 0;
    return !PeekNamedPipe(GetStdHandle(STD_INPUT_HANDLE), NULL, 0, NULL, &waiting, NULL);
}

static void watch(fd_set *readable, SOCKET *highest) {
    (void)readable;
    (void)highest;
}
#else
static uint64_t machine_time_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000u;
}

static bool start_sockets(void) { return signal(SIGPIPE, SIG_IGN) != SIG_ERR; }

static void never_wait(SOCKET s) { fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK); }

static bool would_wait(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

static bool parent_left(void) {
    fd_set readable;
    struct timeval now = {0, 0};
    char bytes[64];
    FD_ZERO(&readable);
    FD_SET(STDIN_FILENO, &readable);
    return select(STDIN_FILENO + 1, &readable, NULL, NULL, &now) > 0 && read(STDIN_FILENO, bytes, sizeof bytes) <= 0;
}

static void watch(fd_set *readable, SOCKET *highest) {
    FD_SET(STDIN_FILENO, readable);
    if (*highest < STDIN_FILENO) *highest = STDIN_FILENO;
}
#endif

const char *board_name(void) { return "host"; }

void board_host_hurry(uint32_t times) { speed = times; }

uint32_t board_time_us(void) { return (uint32_t)(machine_time_us() * speed); }

static void hang_up(void) {
    closesocket(wire.client);
    wire.client = NOTHING;
}

int board_host_listen(unsigned port, bool watch_parent) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int on = 1;
    wire.client = NOTHING;
    wire.watch_parent = watch_parent;
    if (!start_sockets()) return -1;
    wire.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (wire.listener == NOTHING) return -1;
#ifndef _WIN32
    setsockopt(wire.listener, SOL_SOCKET, SO_REUSEADDR, (const char *)&on, sizeof on);
#endif
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    if (bind(wire.listener, (struct sockaddr *)&address, sizeof address) != 0) return -1;
    if (listen(wire.listener, 1) != 0) return -1;
    if (getsockname(wire.listener, (struct sockaddr *)&address, &size) != 0) return -1;
    never_wait(wire.listener);
    (void)on;
    return ntohs(address.sin_port);
}

/* The newest host gets the link: one that went away without a word would block it otherwise. */
static void accept_host(void) {
    SOCKET fresh = accept(wire.listener, NULL, NULL);
    int on = 1, room = SEND_BYTES;
    if (fresh == NOTHING) return;
    if (wire.client != NOTHING) hang_up();
    wire.client = fresh;
    never_wait(wire.client);
    setsockopt(wire.client, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on);
    setsockopt(wire.client, SOL_SOCKET, SO_SNDBUF, (const char *)&room, sizeof room);
}

bool board_init(void) { return true; }

size_t board_link_read(uint8_t *bytes, size_t room) {
    accept_host();
    if (wire.client == NOTHING) return 0;
    long count = (long)recv(wire.client, (char *)bytes, (int)room, 0);
    if (count == 0 || (count < 0 && !would_wait())) hang_up();
    return count > 0 ? (size_t)count : 0u;
}

/* Without a host the bytes go nowhere, as on an open cable. */
size_t board_link_write(const uint8_t *bytes, size_t size) {
    if (wire.client == NOTHING) return size;
    long count = (long)send(wire.client, (const char *)bytes, (int)size, 0);
    if (count < 0 && !would_wait()) hang_up();
    return count > 0 ? (size_t)count : 0u;
}

int board_i2c(uint8_t address, const uint8_t *write, size_t write_size, uint8_t *read, size_t read_size) {
    return virtual_sensor_transfer(address, write, write_size, read, read_size);
}

void board_idle(void) {
    fd_set readable;
    struct timeval longest = {0, IDLE_US};
    SOCKET highest = wire.listener;
    FD_ZERO(&readable);
    FD_SET(wire.listener, &readable);
    if (wire.client != NOTHING) FD_SET(wire.client, &readable);
    if (wire.client != NOTHING && wire.client > highest) highest = wire.client;
    if (wire.watch_parent) watch(&readable, &highest);
    select((int)highest + 1, &readable, NULL, NULL, &longest);
    if (wire.watch_parent && parent_left()) exit(EXIT_SUCCESS);
}

bool board_counts_instructions(void) { return false; }
uint32_t board_instructions(void) { return 0; }
