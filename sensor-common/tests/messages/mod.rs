//! True messages to begin with.

use sensor_common::application::Application;

/// True messages of which the beginning says what they are.
pub const STREAMS: &[(Application, &[u8])] = &[
    (Application::Dicom, b"\x07\0\0\0\0\x04\0\0\0\0"),
    (Application::Hl7, b"\x0bMSH|^~\\&|LAB|WARD|HIS|HOSP|20240101||ADT^A01|1|P|2.5\r\x1c\r"),
    (Application::Ldap, b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0"),
    (Application::Modbus, b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x0a"),
    (Application::Mqtt, b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02b1"),
    (
        Application::Mssql,
        b"\x12\x01\0\x1a\0\0\x01\0\0\0\x0b\0\x06\x01\0\x11\0\x01\xff\x0b\0\0\0\0\0\0",
    ),
    (Application::Postgresql, b"\0\0\0\x08\x04\xd2\x16\x2f"),
    (Application::Dnp3, b"\x05\x64\x0b\xc4\x01\0\x02\0\x69\x9e\xc0\xc1\x01\x3c\x02\x06\x52\xc3"),
    (Application::Iec104, b"\x68\x0e\0\0\0\0\x64\x01\x06\0\x01\0\0\0\0\x14"),
    (Application::Rdp, b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0"),
    (
        Application::S7comm,
        b"\x03\0\0\x19\x02\xf0\x80\x32\x01\0\0\0\x01\0\x08\0\0\xf0\0\0\x01\0\x01\x01\xe0",
    ),
    (Application::Dcerpc, b"\x05\0\x0b\x03\x10\0\0\0\x18\0\0\0\x01\0\0\0\xb8\x10\xb8\x10\0\0\0\0"),
    (Application::Enip, b"\x65\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0"),
    (Application::Dns, b"\0\x1c\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04ward\x05local\0\0\x01\0\x01"),
    (Application::Amqp, b"\x01\0\x01\0\0\0\x0d\0\x3c\0\x50\0\0\0\0\0\0\0\x01\0\xce"),
];

pub const DATAGRAMS: &[(Application, &[u8])] = &[
    (Application::Dns, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04ward\x05local\0\0\x01\0\x01"),
    (Application::Snmp, b"\x30\x0d\x02\x01\x01\x04\x06public\xa0\0"),
    (Application::Bacnet, b"\x81\x0b\0\x0c\x01\x20\xff\xff\0\xff\x10\x08"),
    (Application::Knx, b"\x06\x10\x02\x01\0\x0e\x08\x01\xc0\0\x02\x01\x0e\x57"),
    (Application::Stun, b"\0\x01\0\0\x21\x12\xa4\x42\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"),
    (Application::Tftp, b"\0\x01pump.cfg\0octet\0"),
    (Application::Dhcpv6, b"\x01\x07\x07\x07\0\x01\0\x0a\0\x03\0\x01\0\x09\xfb\x01\x02\x03"),
    (Application::Radius, b"\x01\x09\0\x1a0123456789abcdef\x04\x06\x0a\x01\x02\x03"),
    (Application::Coap, b"\x42\x01\x8a\x3f\x11\x0a\xb6vitals\x04bed1"),
    (Application::Intellivue, b"\xe1\0\0\x02\0\x01\0\x04\0\x01\0\x07"),
    (Application::Ntp, b"\x1b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
];
