//! Servers, databases and what runs beside them.

use crate::binary::find::{Find, alone, any, begins_build_id, begins_named_build_id, module, near};
use crate::binary::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "redis",
        &["**/redis-server", "**/redis-check-rdb", "**/redis-check-aof", "**/redis-sentinel"],
        &["redislabs:redis", "redis:redis"],
        &[alone(r"\x00(\d{1,2}\.\d{1,2}\.\d{1,3})\x00", begins_build_id)],
    )
    .with(&["redis_version"])
    .without(&["valkey_version"]),
    row(
        "valkey",
        &["**/valkey-server", "**/valkey-check-rdb", "**/valkey-check-aof", "**/valkey-sentinel"],
        &["lfprojects:valkey", "linuxfoundation:valkey"],
        &[alone(r"\x00(\d{1,2}\.\d{1,2}\.\d{1,3})\x00", begins_named_build_id)],
    )
    .with(&["valkey_version"]),
    row(
        "nginx",
        &["**/nginx"],
        &["f5:nginx", "nginx:nginx"],
        &[near("nginx version: nginx/", r"nginx version: nginx/(\d+\.\d+\.\d+)")],
    ),
    row(
        "openresty",
        &["**/nginx", "**/openresty"],
        &["openresty:openresty"],
        &[near("nginx version: openresty/", r"nginx version: openresty/(\d+\.\d+\.\d+(?:\.\d+)?)")],
    ),
    row(
        "haproxy",
        &["**/haproxy"],
        &["haproxy:haproxy"],
        &[near(", released 20", r" version (\d+\.\d+(?:\.\d+|-dev\d+))[^\x00]{0,40}, released 20")],
    ),
    row(
        "memcached",
        &["**/memcached"],
        &["memcached:memcached"],
        &[near("memcached ", r"\x00memcached (\d+\.\d+\.\d+)")],
    ),
    row(
        "httpd",
        &["**/httpd", "**/apache2", "**/httpd-*"],
        &["apache:http_server"],
        &[near("Apache/", r"\x00Apache/(\d+\.\d+\.\d+)")],
    )
    .with(&["httpd.conf"]),
    row("lighttpd", &["**/lighttpd"], &["lighttpd:lighttpd"], &[near("lighttpd/", r"\x00lighttpd/(\d+\.\d+\.\d+)")]),
    row(
        "proftpd",
        &["**/proftpd"],
        &["proftpd:proftpd"],
        &[near("ProFTPD Version ", r"ProFTPD Version (\d+\.\d+\.\d+(?:rc\d+|[a-z])?)")],
    ),
    row(
        "postgresql",
        &["**/bin/postgres", "**/postgres"],
        &["postgresql:postgresql"],
        &[near("postgres (PostgreSQL) ", r"postgres \(PostgreSQL\) (\d+(?:\.\d+)*(?:(?:beta|rc|devel)\d*)?)")],
    ),
    row(
        "mysql",
        &[
            "**/mysql",
            "**/mysqld",
            "**/mysqladmin",
            "**/mysqldump",
            "**/mysqlcheck",
            "**/mysqlimport",
            "**/ndbd",
            "**/ndbmtd",
            "**/ndb_*",
        ],
        &["oracle:mysql"],
        &[
            near("MySQL ", r"\x00MySQL (\d+\.\d+\.\d+)\x00"),
            near("/mysql-", r"/mysql-(?:community-|cluster-)?(\d+\.\d+\.\d+)[/-]"),
        ],
    )
    .without(&["MariaDB", "Percona Server"]),
    row(
        "percona-server",
        &["**/mysql", "**/mysqld", "**/mysqladmin", "**/mysqldump"],
        &["oracle:mysql", "percona:percona_server"],
        &[near("percona-server-", r"percona-server-(\d+\.\d+\.\d+(?:-\d+)?)")],
    )
    .with(&["Percona"]),
    row(
        "mariadb",
        &["**/mariadb", "**/mariadbd", "**/mariadb-admin", "**/mariadb-dump", "**/mysql", "**/mysqld"],
        &["mariadb:mariadb"],
        &[near("-MariaDB", r"\x00(?:5\.5\.5-)?(\d+\.\d+\.\d+)-MariaDB")],
    ),
    row(
        "percona-xtrabackup",
        &["**/xtrabackup"],
        &["percona:xtrabackup"],
        &[near("percona-xtrabackup-", r"percona-xtrabackup-(\d+\.\d+\.\d+(?:-\d+)?)")],
    ),
    row(
        "arangodb",
        &["**/arangosh", "**/arangod"],
        &["arangodb:arangodb"],
        &[
            near("ArangoDB", r"ArangoDB[ /]v?(\d+\.\d+\.\d+(?:-\d+)?)"),
            near("arangodb3-", r"arangodb3-(\d+\.\d+\.\d+(?:-\d+)?)"),
        ],
    ),
    row(
        "mongodb",
        &["**/mongod", "**/mongos"],
        &["mongodb:mongodb"],
        &[
            near("mongodb-src-r", r"mongodb-src-r(\d+\.\d+\.\d+)"),
            near("\"version\": \"", r#""version": "(\d+\.\d+\.\d+)",\s*"gitVersion"#),
            alone(r"\x00([3-9]\.\d\.\d{1,2})\x00", any),
        ],
    )
    .with(&["mongod"]),
    row(
        "traefik",
        &["**/traefik"],
        &["traefik:traefik"],
        &[
            near("/pkg/version.Version=", r"traefik/(?:v\d/)?pkg/version\.Version=v?(\d+\.\d+\.\d+[\w.-]*)"),
            module("github.com/traefik/traefik"),
        ],
    ),
    row(
        "consul",
        &["**/consul"],
        &["hashicorp:consul"],
        &[
            near("consul/version.", r"consul/version\.(?:GitDescribe|Version)=v?(\d+\.\d+\.\d+)"),
            near("CONSUL_VERSION", r"CONSUL_VERSION[:=] ?(\d+\.\d+\.\d+)"),
            module("github.com/hashicorp/consul"),
        ],
    )
    .purl("golang/github.com/hashicorp/consul"),
    row(
        "vault",
        &["**/vault"],
        &["hashicorp:vault"],
        &[
            near("vault/version.", r"vault/version\.(?:Version|fullVersion|GitDescribe)=v?(\d+\.\d+\.\d+)"),
            near("vault/sdk/version.", r"vault/sdk/version\.(?:Version|GitDescribe)=v?(\d+\.\d+\.\d+)"),
            module("github.com/hashicorp/vault"),
        ],
    )
    .purl("golang/github.com/hashicorp/vault"),
    row(
        "grafana",
        &["**/grafana", "**/grafana-server", "**/grafana-cli"],
        &["grafana:grafana"],
        &[near("main.version=", r"main\.version=v?(\d+\.\d+\.\d+)"), module("github.com/grafana/grafana")],
    )
    .with(&["github.com/grafana/grafana"]),
    row(
        "istio",
        &["**/pilot-discovery", "**/pilot-agent", "**/istioctl"],
        &["istio:istio"],
        &[near("pkg/version.build", r"pkg/version\.buildVersion=v?(\d+\.\d+\.\d+[\w.-]*)"), module("istio.io/istio")],
    ),
    row(
        "ingress-nginx",
        &["**/nginx-ingress-controller"],
        &["kubernetes:ingress-nginx"],
        &[
            near("ingress-nginx/version.RELEASE=", r"version\.RELEASE=v?(\d+\.\d+\.\d+[\w.-]*)"),
            module("k8s.io/ingress-nginx"),
        ],
    ),
    row(
        "envoy",
        &["**/envoy"],
        &["envoyproxy:envoy"],
        &[
            near("/RELEASE/BoringSSL", r"[0-9a-f]{40}/(\d+\.\d+\.\d+(?:-dev)?)/\w+/RELEASE/BoringSSL"),
            alone(r"\x00(1\.\d\d\.\d{1,2}(?:-dev)?)\x00", any),
        ],
    )
    .with(&["envoy.config."]),
    row(
        "fluent-bit",
        &["**/fluent-bit"],
        &["treasuredata:fluent_bit"],
        &[
            near("Fluent Bit v", r"Fluent Bit v(\d+\.\d+\.\d+)"),
            near("Fluent-Bit", r"Fluent-Bit[/-]v?(\d+\.\d+\.\d+)"),
            alone(r"\x00v?([1-9]\.\d{1,2}\.\d{1,2})\x00", any),
        ],
    )
    .with(&["Fluent Bit"]),
    beat("filebeat", &["**/filebeat"], &["elastic:filebeat"]),
    beat("metricbeat", &["**/metricbeat"], &["elastic:metricbeat"]),
    beat("heartbeat", &["**/heartbeat"], &["elastic:heartbeat"]),
    beat("auditbeat", &["**/auditbeat"], &["elastic:auditbeat"]),
    beat("packetbeat", &["**/packetbeat"], &["elastic:packetbeat"]),
    beat("winlogbeat", &["**/winlogbeat*"], &["elastic:winlogbeat"]),
    row(
        "elastic-agent",
        &["**/elastic-agent"],
        &["elastic:elastic_agent"],
        &[near("elastic-agent", r"elastic-agent[-/ ]v?(\d+\.\d+\.\d+)"), module("github.com/elastic/elastic-agent")],
    ),
    row("krb5", &["**/libkrb5.so*", "**/krb5kdc", "**/kinit", "**/kadmind"], &["mit:kerberos_5"], KRB5),
    row(
        "heimdal",
        &["**/libkrb5.so*", "**/kdc", "**/kinit*", "**/kadmind", "**/kcm"],
        &["heimdal_project:heimdal"],
        &[near("Heimdal ", r"\x00Heimdal (\d+\.\d+(?:\.\d+)?)[ \x00]")],
    ),
    row(
        "openldap",
        &["**/ldapsearch", "**/slapd", "**/ldapmodify"],
        &["openldap:openldap"],
        &[near("$OpenLDAP: ", r"\$OpenLDAP: \w+ (\d+\.\d+\.\d+)")],
    ),
];

const KRB5: &[Find] = &[near("KRB5_BRAND: ", r"KRB5_BRAND: krb5-(\d+\.\d+(?:\.\d+)?)")];

/// Elastic's shippers state their version in the same places.
const fn beat(name: &'static str, paths: &'static [&'static str], cpes: &'static [&'static str]) -> Row {
    const FIND: &[Find] = &[
        near("libbeat/version.", r"libbeat/version\.(?:qualifiedVersion|defaultBeatVersion)=v?(\d+\.\d+\.\d+)"),
        module("github.com/elastic/beats"),
    ];
    row(name, paths, cpes, FIND)
}
