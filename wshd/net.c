// Interfaces, addresses and routes by raw netlink, in the network namespace of the caller: one request, one
// acknowledgement, no library. Errors are errno, as in a system call.
#include "wshd.h"
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

// A request is written from its end to its beginning: what is put in front can say how long all behind it is, and so
// enclose it. 512 bytes hold the largest of ours several times.
struct request {
  size_t n;
  char bytes[512] __attribute__((aligned(4)));
};

static void put(struct request *q, const void *data, size_t n) {
  q->n += NLMSG_ALIGN(n);
  memcpy(q->bytes + sizeof q->bytes - q->n, data, n);
}

// One attribute; without data it encloses everything that was put so far.
static void attr(struct request *q, unsigned short type, const void *data, size_t n) {
  if (data) put(q, data, n);
  struct rtattr head = {(unsigned short)RTA_LENGTH(data ? n : q->n), type};
  put(q, &head, sizeof head);
}

static int ask(struct request *q, unsigned short type, unsigned short flags, const void *body, size_t n) {
  put(q, body, n);
  flags |= NLM_F_REQUEST | NLM_F_ACK;
  struct nlmsghdr head = {(unsigned)NLMSG_LENGTH(q->n), type, flags, 1, 0};
  put(q, &head, sizeof head);
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -1;
  ssize_t done = send(fd, q->bytes + sizeof q->bytes - q->n, q->n, 0);
  if (done >= 0) done = recv(fd, q->bytes, sizeof q->bytes, 0); // the answer takes the question's place
  const struct nlmsghdr *answer = (const void *)q->bytes;
  const struct nlmsgerr *verdict = NLMSG_DATA(answer);
  errno = done < 0 ? errno : answer->nlmsg_type == NLMSG_ERROR ? -verdict->error : EPROTO;
  close(fd);
  return errno ? -1 : 0;
}

int net_veth(const char *host, const char *peer, pid_t pid, unsigned mtu) {
  struct ifinfomsg link = {0};
  struct request q = {0};
  if (strlen(host) >= IFNAMSIZ || strlen(peer) >= IFNAMSIZ) return errno = ENAMETOOLONG, -1;
  attr(&q, IFLA_NET_NS_PID, &pid, sizeof pid);
  attr(&q, IFLA_MTU, &mtu, sizeof mtu);
  attr(&q, IFLA_IFNAME, peer, strlen(peer) + 1);
  put(&q, &link, sizeof link); // IFF_UP in it would cost ENOTCONN and 20 ms: the child ups its own end
  attr(&q, VETH_INFO_PEER, NULL, 0);
  attr(&q, IFLA_INFO_DATA, NULL, 0);
  attr(&q, IFLA_INFO_KIND, "veth", 4);
  attr(&q, IFLA_LINKINFO, NULL, 0);
  attr(&q, IFLA_MTU, &mtu, sizeof mtu);
  attr(&q, IFLA_IFNAME, host, strlen(host) + 1);
  return ask(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
}

int net_address(const char *interface, const char *ip) {
  struct in_addr address;
  struct ifaddrmsg body = {AF_INET, (unsigned char)atoi(k("prefix")), 0, 0, if_nametoindex(interface)};
  struct request q = {0};
  if (body.ifa_index == 0) return -1;
  if (inet_pton(AF_INET, ip, &address) != 1) return errno = EINVAL, attempt(-1, "read the address %s", ip);
  attr(&q, IFA_LOCAL, &address, sizeof address);
  int result = ask(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
  return attempt(result, "give %s the address %s", interface, ip) < 0 ? -1 : net_up(interface);
}

int net_up(const char *interface) {
  struct ifinfomsg body = {.ifi_index = (int)if_nametoindex(interface), .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  struct request q = {0};
  return body.ifi_index == 0 ? -1 : ask(&q, RTM_NEWLINK, 0, &body, sizeof body);
}

int net_default_route(const char *via) {
  struct in_addr gateway;
  struct rtmsg body = {AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST};
  struct request q = {0};
  if (inet_pton(AF_INET, via, &gateway) != 1) return errno = EINVAL, -1;
  attr(&q, RTA_GATEWAY, &gateway, sizeof gateway);
  return ask(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
}
