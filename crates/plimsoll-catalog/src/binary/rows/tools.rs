//! Tools, libraries and browsers.

use crate::binary::find::{Find, alone, any, module, near};
use crate::binary::{Row, row};

const FFMPEG: &[&str] = &["ffmpeg:ffmpeg"];
const LIBAV: &[Find] = &[near("FFmpeg version ", r"FFmpeg version n?(\d+\.\d+(?:\.\d+)?)")];
const OPENSSL: &[Find] = &[near(
    "OpenSSL ",
    r"OpenSSL (\d+\.\d+\.\d+[a-z]{0,2}(?:-(?:alpha|beta|pre)\d+)?)(?:-fips|-dev)? +\d{1,2} [A-Z][a-z]{2} \d{4}",
)];
const CHROME: &[Find] = &[alone(r"\x00(\d{2,3}\.0\.\d{4}\.\d{1,3})\x00", any)];
const QT: &[Find] = &[near("Qt ", r"Qt (\d+\.\d+\.\d+) \(")];

pub(super) const ROWS: &[Row] = &[
    row(
        "busybox",
        // Where the applets are hard links, the archive holds the first by name.
        &[
            "**/busybox",
            "**/busybox.*",
            "**/busybox-*",
            "**/bin/[",
            "**/bin/[[",
            "**/bin/acpid",
            "**/bin/ar",
            "**/bin/arch",
        ],
        &["busybox:busybox"],
        &[near("BusyBox v", r"BusyBox v(\d+\.\d+\.\d+)")],
    ),
    row(
        "util-linux",
        &["**/getopt"],
        &["kernel:util-linux"],
        &[near("util-linux ", r"\x00util-linux (\d+\.\d+(?:\.\d+)?)")],
    ),
    row("bash", &["**/bash"], &["gnu:bash"], &[near("@(#)Bash version ", r"@\(#\)Bash version (\d+\.\d+\.\d+)")]),
    row("openssl", &["**/openssl", "**/libcrypto*.so*"], &["openssl:openssl"], OPENSSL).without(&[
        "AWS-LC",
        "LibreSSL",
        "BoringSSL",
    ]),
    row(
        "aws-lc",
        &["**/openssl", "**/bssl", "**/libcrypto*.so*"],
        &["amazon:aws-lc"],
        &[near("AWS-LC ", r"AWS-LC (?:FIPS )?v?(\d+\.\d+\.\d+)")],
    ),
    row(
        "libressl",
        &["**/openssl", "**/libcrypto*.so*"],
        &["openbsd:libressl"],
        &[near("LibreSSL ", r"LibreSSL (\d+\.\d+\.\d+)")],
    ),
    row("curl", &["**/curl"], &["haxx:curl"], &[near("curl/", r"\x00curl/(\d+\.\d+\.\d+)")]),
    row("libcurl", &["**/libcurl*.so*"], &["haxx:libcurl"], &[near("libcurl/", r"\x00libcurl/(\d+\.\d+\.\d+)")]),
    row("zstd", &["**/zstd"], &["facebook:zstandard"], &[alone(r"\x00v(\d{1,2}\.\d{1,2}\.\d{1,2})\x00", any)])
        .with(&["Zstandard CLI"]),
    row(
        "xz",
        &["**/xz"],
        &["tukaani:xz"],
        &[near("xz (XZ Utils) ", r"xz \(XZ Utils\) (\d+\.\d+\.\d+(?:alpha|beta)?)")],
    ),
    row("gzip", &["**/gzip"], &["gnu:gzip"], &[alone(r"\x00(1\.\d{1,2}(?:\.\d{1,2})?)\x00", any)])
        .with(&["bug-gzip@gnu.org"])
        .without(&["BusyBox v"]),
    row("jq", &["**/jq"], &["jqlang:jq"], &[alone(r"\x00(?:jq-)?(1\.\d{1,2}(?:\.\d{1,2})?(?:rc\d)?)\x00", any)])
        .with(&["jq: error"]),
    row(
        "sqlcipher",
        &["**/sqlcipher", "**/libsqlcipher*.so*"],
        &["zetetic:sqlcipher"],
        &[
            near(" community", r"\x00(\d\.\d{1,2}\.\d{1,2}) community"),
            near("kdf_iter", r"kdf_iter\x00(\d\.\d{1,2}\.\d{1,2})\x00"),
            near("cipher_page_size", r"\x00(\d\.\d{1,2}\.\d{1,2})\x00cipher_page_size"),
        ],
    ),
    row(
        "ffmpeg",
        &["**/ffmpeg", "**/ffprobe", "**/ffplay"],
        FFMPEG,
        &[near("%s version ", r"%s version n?(\d+\.\d+(?:\.\d+)?)")],
    ),
    row(
        "ffmpeg",
        &[
            "**/libavcodec*.so*",
            "**/libavdevice*.so*",
            "**/libavfilter*.so*",
            "**/libavformat*.so*",
            "**/libavutil*.so*",
        ],
        FFMPEG,
        LIBAV,
    ),
    row("ffmpeg", &["**/libswscale*.so*", "**/libswresample*.so*", "**/libpostproc*.so*"], FFMPEG, LIBAV),
    row("qt", &["**/libQt5Core*.so*", "**/libQt6Core*.so*", "**/libQtCore*.so*"], &["qt:qt"], QT),
    row("chrome", &["**/chrome", "**/google-chrome*"], &["google:chrome"], CHROME).with(&["Google Chrome"]),
    row(
        "chromium",
        &["**/chromium", "**/chrome", "**/headless_shell", "**/chrome-headless-shell"],
        &["chromium:chromium"],
        CHROME,
    )
    .without(&["Google Chrome"]),
    row(
        "firefox",
        &["**/firefox", "**/firefox-esr", "**/firefox-bin"],
        &["mozilla:firefox"],
        &[near("&version=", r"ec8030f7-c20a-464f-9b0e-13a3a9e97384\}&version=(\d+\.\d+(?:\.\d+)?)&buildid=")],
    ),
    row(
        "helm",
        &["**/helm"],
        &["helm:helm"],
        &[
            near("version.version=", r"internal/version\.version=v?(\d+\.\d+\.\d+[\w.-]*)"),
            module("helm.sh/helm"),
            module("k8s.io/helm"),
        ],
    )
    .purl("golang/helm.sh/helm"),
];
