/* Reserving checks at a constant rate, whether or not the answers come: an open loop, as order systems are. A request
 * that finds no free connection waits, and its latency counts from the moment at which it was due. Every answer must be
 * 200 and approved. Prints one line in the form of checks.lua.
 *   cc -O2 -o open_loop open_loop.c
 *   BENCH_TOKEN=... BENCH_RUN=... ./open_loop PORT RATE SECONDS CONNECTIONS CUSTOMERS
 * Requests that are due within the same millisecond go out together.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 16384

struct connection {
  int socket;
  double due; /* of the request on its way */
  size_t length;
  char answer[ANSWER_MAX + 1];
};

static const char *token, *run;
static long customers;
static double *latencies;
static long answered, errors;
/* A ring, the longest idle first: a server closes connections that it does not hear from. */
static struct connection **idle;
static long idle_first, idle_count, connections;

static void put_idle(struct connection *connection) {
  idle[(idle_first + idle_count++) % connections] = connection;
}

static struct connection *take_idle(void) {
  struct connection *connection = idle[idle_first];
  idle_first = (idle_first + 1) % connections;
  idle_count--;
  return connection;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static struct connection *connect_to(int port, int poll) {
  struct connection *connection = calloc(1, sizeof *connection);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connection->socket = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection->socket, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, connection->socket, &event) != 0) fail("epoll_ctl");
  return connection;
}

static void send_request(struct connection *connection, long number, double due) {
  char body[512], request[4096];
  int length = snprintf(body, sizeof body,
                        "{\"customer\":\"C-%05ld\",\"order_number\":\"%s-%ld\","
                        "\"amount\":{\"amount\":\"10.00\",\"currency\":\"EUR\"},\"reserve\":true}",
                        1 + random() % customers, run, number);
  int total = snprintf(request, sizeof request,
                       "POST /v1/limit-checks HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                       "Content-Type: application/json\r\nIdempotency-Key: bench-%s-%ld\r\n"
                       "Content-Length: %d\r\n\r\n%s",
                       token, run, number, length, body);
  connection->due = due;
  connection->length = 0;
  if (total >= (int)sizeof request || send(connection->socket, request, (size_t)total, MSG_NOSIGNAL) != total)
    fail("send");
}

/* Reads what has come. True when the answer is complete. */
static int is_complete(struct connection *connection) {
  ssize_t got = recv(connection->socket, connection->answer + connection->length, ANSWER_MAX - connection->length, 0);
  if (got <= 0) fail("The server closed a connection");
  connection->length += (size_t)got;
  connection->answer[connection->length] = 0;
  char *end = strstr(connection->answer, "\r\n\r\n");
  char *size = strcasestr(connection->answer, "\ncontent-length:");
  if (!end || !size || size > end) return 0;
  size_t whole = (size_t)(end + 4 - connection->answer) + strtoul(size + strlen("\ncontent-length:"), NULL, 10);
  return connection->length >= whole;
}

static void take_answer(struct connection *connection) {
  int is_good = strncmp(connection->answer, "HTTP/1.1 200 ", 13) == 0 &&
                strstr(connection->answer, "\"outcome\":\"approved\"") != NULL;
  if (!is_good && errors++ == 0) fprintf(stderr, "A wrong answer: %s\n", connection->answer);
  latencies[answered++] = now() - connection->due;
  put_idle(connection);
}

static int by_size(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
  token = getenv("BENCH_TOKEN");
  run = getenv("BENCH_RUN");
  if (count != 6 || !token || !run) {
    fprintf(stderr, "BENCH_TOKEN=... BENCH_RUN=... %s PORT RATE SECONDS CONNECTIONS CUSTOMERS\n", arguments[0]);
    return 2;
  }
  double rate = atof(arguments[2]), seconds = atof(arguments[3]);
  long requests = (long)(rate * seconds), sent = 0;
  connections = atol(arguments[4]);
  customers = atol(arguments[5]);
  latencies = calloc((size_t)requests + 1, sizeof *latencies);
  idle = calloc((size_t)connections, sizeof *idle);
  int poll = epoll_create1(0);
  for (long i = 0; i < connections; i++) put_idle(connect_to(atoi(arguments[1]), poll));

  double started = now();
  while (answered < requests && now() - started < seconds + 30) {
    while (sent < requests && idle_count > 0 && started + (double)sent / rate <= now()) {
      send_request(take_idle(), sent, started + (double)sent / rate);
      sent++;
    }
    struct epoll_event events[64];
    int ready = epoll_wait(poll, events, 64, 1);
    for (int i = 0; i < ready; i++)
      if (is_complete(events[i].data.ptr)) take_answer(events[i].data.ptr);
  }
  double lasted = now() - started;
  errors += requests - answered;
  qsort(latencies, (size_t)answered, sizeof *latencies, by_size);
  printf("figures requests=%ld rate=%.1f median_us=%.0f p99_us=%.0f errors=%ld\n", answered,
         (double)answered / lasted, latencies[answered / 2] * 1e6, latencies[answered * 99 / 100] * 1e6, errors);
  return 0;
}
