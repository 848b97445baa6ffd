//! Names of well-known interfaces.

use std::fmt;

use super::{
    super::octets::{array, be_u16, be_u32, le_u16, le_u32},
    Order,
};

/// A universally unique identifier, first field in the highest bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(pub u128);

impl Uuid {
    /// The 16 octets at `at`; the first three fields are numbers in `order`.
    pub fn read(octets: &[u8], at: usize, order: Order) -> Option<Self> {
        let (first, second, third) = match order {
            Order::Big => (be_u32(octets, at)?, be_u16(octets, at + 4)?, be_u16(octets, at + 6)?),
            Order::Little => {
                (le_u32(octets, at)?, le_u16(octets, at + 4)?, le_u16(octets, at + 6)?)
            }
        };
        let rest = u64::from_be_bytes(array(octets, at + 8)?);
        let fields = u128::from(first) << 96 | u128::from(second) << 80 | u128::from(third) << 64;
        Some(Self(fields | u128::from(rest)))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let (first, rest) = digits.split_at(8);
        write!(formatter, "{first}-{}-{}-{}-{}", &rest[..4], &rest[4..8], &rest[8..12], &rest[12..])
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// An interface and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    pub uuid: Uuid,
    pub major: u16,
    pub minor: u16,
}

impl Interface {
    pub(super) fn read(octets: &[u8], at: usize, order: Order) -> Option<Self> {
        let uuid = Uuid::read(octets, at, order)?;
        let (major, minor) = version(octets, at + 16, order)?;
        Some(Self { uuid, major, minor })
    }

    /// The name in the protocol's specification.
    pub fn name(&self) -> Option<&'static str> {
        NAMES.iter().find(|(uuid, _)| *uuid == self.uuid.0).map(|(_, name)| *name)
    }
}

/// A 32-bit version: major in the low half, minor in the high one.
pub(super) fn version(octets: &[u8], at: usize, order: Order) -> Option<(u16, u16)> {
    let version = match order {
        Order::Big => be_u32(octets, at)?,
        Order::Little => le_u32(octets, at)?,
    };
    Some((version as u16, (version >> 16) as u16))
}

/// Of C706 (epmapper, mgmt), the Windows protocol specifications and IEC 61158-6-10 (PROFINET).
const NAMES: &[(u128, &str)] = &[
    (0xe1af8308_5d1f_11c9_91a4_08002b14a0fa, "epmapper"),
    (0xafa8bd80_7d8a_11c9_bef4_08002b102989, "mgmt"),
    // Services, accounts, domains.
    (0x367abb81_9844_35f1_ad32_98f038001003, "svcctl"),
    (0x12345778_1234_abcd_ef00_0123456789ac, "samr"),
    (0x12345778_1234_abcd_ef00_0123456789ab, "lsarpc"),
    (0x12345678_1234_abcd_ef00_01234567cffb, "netlogon"),
    (0xe3514235_4b06_11d1_ab04_00c04fc2dcd2, "drsuapi"),
    (0xf5cc59b4_4264_101a_8c59_08002b2f8426, "frsrpc"),
    (0x3919286a_b10c_11d0_9ba8_00c04fd92ef5, "dssetup"),
    (0x3dde7c30_165d_11d1_ab8f_00805f14db40, "backupkey"),
    // Shares, files, printers.
    (0x4b324fc8_1670_01d3_1278_5a47bf6ee188, "srvsvc"),
    (0x6bffd098_a112_3610_9833_46c3f87e345a, "wkssvc"),
    (0x6bffd098_a112_3610_9833_012892020162, "browser"),
    (0x4fc742e0_4a10_11cf_8273_00aa004ae673, "netdfs"),
    (0xc681d488_d850_11d0_8c52_00c04fd90f7e, "efsrpc"),
    (0xdf1941c5_fe89_4e79_bf10_463657acf44d, "efsrpc"),
    (0xa8e0653c_2744_4389_a61d_7373df8b2292, "fsrvp"),
    (0x12345678_1234_abcd_ef00_0123456789ab, "spoolss"),
    (0x76f03f96_cdfd_44fc_a22c_64950a001209, "IRemoteWinspool"),
    // Tasks, registry, events, shutdown.
    (0x1ff70682_0a51_30e8_076d_740be8cee98b, "atsvc"),
    (0x378e52b0_c0a9_11cf_822d_00aa0051e40f, "sasec"),
    (0x86d35949_83c9_4044_b424_db363231fd0c, "ITaskSchedulerService"),
    (0x338cd001_2244_31f1_aaaa_900038001003, "winreg"),
    (0x82273fdc_e32a_18c3_3f78_827929dc23ea, "eventlog"),
    (0x894de0c0_0d55_11d3_a322_00c04fa321a1, "InitShutdown"),
    (0xd95afe70_a6d5_4259_822e_2c84da1ddb0d, "WindowsShutdown"),
    (0x8d9f4e40_a03d_11ce_8f69_08003e30051b, "pnp"),
    (0x17fdd703_1827_4e34_79d4_24a55c53bb37, "msgsvc"),
    (0x5a7b91f8_ff00_11d0_a9b2_00c04fb6e6fc, "msgsvcsend"),
    (0x5ca4a760_ebb1_11cf_8611_00a0245420ed, "winstation_rpc"),
    // DCOM and management instrumentation.
    (0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57, "IRemoteActivation"),
    (0x000001a0_0000_0000_c000_000000000046, "ISystemActivator"),
    (0x99fcfec4_5260_101b_bbcb_00aa0021347a, "IOXIDResolver"),
    (0x00000131_0000_0000_c000_000000000046, "IRemUnknown"),
    (0x00000143_0000_0000_c000_000000000046, "IRemUnknown2"),
    (0x9556dc99_828c_11cf_a37e_00aa003240c7, "IWbemServices"),
    (0xf309ad18_d86a_11d0_a075_00c04fb68820, "IWbemLevel1Login"),
    (0xd4781cd6_e5d3_44df_ad94_930efe48a887, "IWbemLoginClientID"),
    // Network services.
    (0x50abc2a4_574d_40b3_9d66_ee4fd5fba076, "dnsserver"),
    (0x6bffd098_a112_3610_9833_46c3f874532d, "dhcpsrv"),
    (0x91ae6020_9e3c_11cf_8d7c_00aa00c091be, "ICertPassage"),
    (0xf5cc5a18_4264_101a_8c59_08002b2f8426, "nspi"),
    (0xa4f1db00_ca47_1067_b31f_00dd010662da, "exchange_mapi"),
    // PROFINET.
    (0xdea00001_6c97_11d1_8271_00a02442df7d, "pnio_device"),
    (0xdea00002_6c97_11d1_8271_00a02442df7d, "pnio_controller"),
];
