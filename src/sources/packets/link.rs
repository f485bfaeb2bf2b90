//! What frames of a capture begin with, by the number that the capture gives (`LINKTYPE_`, tcpdump.org/linktypes.html).

use std::fmt;

/// What the upper half of the number says besides, in pcap: whether frames end with a checksum. Lengths are IP's own,
/// so that it is no matter.
const NUMBER: u32 = 0xffff;
/// Names of link types that are not read, as tcpdump gives them.
const NAMES: &[(u16, &str)] = &[
    (6, "IEEE802"),
    (9, "PPP"),
    (10, "FDDI"),
    (50, "PPP_SERIAL"),
    (51, "PPP_ETHER"),
    (105, "IEEE802_11"),
    (107, "FRELAY"),
    (117, "PFLOG"),
    (119, "PRISM_HEADER"),
    (127, "IEEE802_11_RADIO"),
    (187, "BLUETOOTH_HCI_H4"),
    (189, "USB_LINUX"),
    (192, "PPI"),
    (195, "IEEE802_15_4_WITHFCS"),
    (201, "BLUETOOTH_HCI_H4_WITH_PHDR"),
    (220, "USB_LINUX_MMAPPED"),
    (239, "NFLOG"),
    (247, "INFINIBAND"),
    (249, "USBPCAP"),
    (253, "NETLINK"),
    (271, "VSOCK_MON"),
];

/// What frames of a capture begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// `LINKTYPE_ETHERNET`
    Ethernet,
    /// `LINKTYPE_NULL`, `LINKTYPE_LOOP`: a loopback interface of BSD or macOS; whether the address family should stand
    /// there with its most significant byte first.
    Loopback(bool),
    /// `LINKTYPE_LINUX_SLL`: `tcpdump -i any`, older ones.
    Cooked,
    /// `LINKTYPE_LINUX_SLL2`: `tcpdump -i any`.
    Cooked2,
    /// `LINKTYPE_RAW`, `LINKTYPE_IPV4`, `LINKTYPE_IPV6`: with IP, and of which version if that is promised.
    Ip(Option<u8>),
    /// Something else, which is not read.
    Other(LinkType),
}

/// The number of a link type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkType(pub u16);

impl Link {
    /// By the number that the capture gives, in a capture whose numbers have their most significant byte first or not.
    pub fn of(number: u32, big_endian: bool) -> Self {
        match u16::try_from(number & NUMBER).unwrap_or_default() {
            0 => Link::Loopback(big_endian),
            108 => Link::Loopback(true),
            1 => Link::Ethernet,
            113 => Link::Cooked,
            276 => Link::Cooked2,
            // what raw IP is called in captures of systems that wrote their own number
            12 | 14 | 101 => Link::Ip(None),
            228 => Link::Ip(Some(4)),
            229 => Link::Ip(Some(6)),
            other => Link::Other(LinkType(other)),
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = NAMES.iter().find(|(number, _)| *number == self.0);
        match known {
            Some((number, name)) => write!(f, "{number} ({name})"),
            None => write!(f, "{}", self.0),
        }
    }
}
