"""Dovecot's configuration, for 2.3 (Debian 12) and 2.4 (Debian 13)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_MAILBOXES = """  mailbox Sent {
    special_use = \\Sent
    auto = subscribe
  }
  mailbox Drafts {
    special_use = \\Drafts
    auto = subscribe
  }
  mailbox Trash {
    special_use = \\Trash
    auto = subscribe
  }
"""


@dataclass(frozen=True)
class Layout:
    """What the configuration depends on."""

    home: Path
    root: Path
    user: str
    group: str
    port: int
    lmtp_port: int
    version: str
    library_path: str
    capability: str
    fsync: str


def render(layout: Layout) -> str:
    """The whole dovecot.conf."""
    return (_V24 if not layout.version.startswith("2.3") else _V23)(layout)


def _common(o: Layout) -> str:
    # Without root there is no chroot, and every process runs as the one user there is.
    services = "".join(
        f"service {name} {{\n  chroot =\n}}\n" for name in ("anvil", "stats", "imap-urlauth-login", "dns-client")
    )
    unlimited = "service_count = 0" if o.version.startswith("2.3") else "restart_request_count = unlimited"
    return f"""base_dir = {o.home}/run
state_dir = {o.home}/state
default_internal_user = {o.user}
default_internal_group = {o.group}
default_login_user = {o.user}
first_valid_uid = 1
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
auth_verbose = yes
log_path = {o.home}/log/dovecot.log
info_log_path = {o.home}/log/info.log
mail_uid = {o.user}
mail_gid = {o.group}
mail_fsync = {o.fsync}
lock_method = fcntl
default_vsz_limit = 1G
imap_max_line_length = 1M
mail_max_userip_connections = 2000
auth_master_user_separator = *
recipient_delimiter = +
service imap-login {{
  chroot =
  {unlimited}
  process_min_avail = 1
  client_limit = 1000
  inet_listener imap {{
    port = {o.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_limit = 1024
}}
service lmtp {{
  user = {o.user}
  inet_listener lmtp {{
    port = {o.lmtp_port}
  }}
}}
service auth {{
  unix_listener auth-userdb {{
    mode = 0600
    user = {o.user}
  }}
}}
{services}"""


def _V23(o: Layout) -> str:
    capability = f"  imap_capability = {o.capability}\n" if o.capability else ""
    environment = "TZ LD_LIBRARY_PATH" if o.library_path else "TZ"
    lua = "mail_lua notify push_notification push_notification_lua"
    return f"""{_common(o)}
instance_name = roost
libexec_dir = {o.root}/usr/lib/dovecot
mail_plugin_dir = {o.root}/usr/lib/dovecot/modules
import_environment = {environment}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Lu
mail_home = {o.home}/home/%Lu
mail_location = mdbox:~/mail
mdbox_rotate_size = 32M
mailbox_list_index = yes
mail_plugins = acl {lua}
service ipc {{
  chroot =
}}
service director {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = {o.home}/masters
  master = yes
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {o.home}/service
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {o.home}/users
}}
userdb {{
  driver = static
  args = uid={o.user} gid={o.group} home={o.home}/home/%Lu allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  prefix =
{_MAILBOXES}}}
namespace channels {{
  type = public
  separator = /
  prefix = Channels/
  location = mdbox:{o.home}/channels:INDEXPVT=~/channels-pvt
  subscriptions = no
  list = children
}}
plugin {{
  acl = vfile:{o.home}/acl:cache_secs=2
  acl_user = %u
  push_notification_driver = lua:file={o.home}/push.lua
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_acl
  imap_idle_notify_interval = 2 mins
  mail_max_userip_connections = 2000
{capability}}}
protocol lmtp {{
  postmaster_address = postmaster@localhost
}}
"""


def _V24(o: Layout) -> str:
    capability = f"  imap_capability = {o.capability}\n" if o.capability else ""
    environment = f"import_environment {{\n  LD_LIBRARY_PATH = {o.library_path}\n}}\n" if o.library_path else ""
    return f"""dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
{_common(o)}
libexec_dir = {o.root}/usr/lib/dovecot
mail_plugin_dir = {o.root}/usr/lib/dovecot/modules
{environment}auth_allow_cleartext = yes
auth_mechanisms = plain login
mail_driver = mdbox
mail_path = ~/mail
mdbox_rotate_size = 32M
mail_home = {o.home}/home/%{{user | lower}}
mail_plugins {{
  acl = yes
  notify = yes
  mail_lua = yes
  push_notification = yes
  push_notification_lua = yes
}}
passdb masters {{
  driver = passwd-file
  passwd_file_path = {o.home}/masters
  master = yes
}}
passdb service {{
  driver = passwd-file
  passwd_file_path = {o.home}/service
}}
passdb users {{
  driver = passwd-file
  passwd_file_path = {o.home}/users
}}
userdb static {{
  fields {{
    uid = {o.user}
    gid = {o.group}
    home = {o.home}/home/%{{user | lower}}
  }}
  allow_all_users = yes
}}
namespace inbox {{
  inbox = yes
  separator = /
{_MAILBOXES}}}
namespace channels {{
  type = public
  separator = /
  prefix = Channels/
  mail_driver = mdbox
  mail_path = {o.home}/channels
  mail_index_private_path = ~/channels-pvt
  subscriptions = no
  list = children
}}
acl_driver = vfile
acl_global_path = {o.home}/acl
acl_cache_ttl = 2 secs
acl_user = %{{user}}
push_notification lua {{
  driver = lua
  lua_file = {o.home}/push.lua
}}
protocol imap {{
  mail_plugins {{
    imap_acl = yes
  }}
{capability}}}
protocol lmtp {{
  postmaster_address = postmaster@localhost
}}
"""
