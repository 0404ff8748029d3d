-- Posts by the vendor's id: what people reply to, and what did not arrive.
create index channel_posts_vendor on channel_posts (channel, account, vendor_id) where vendor_id is not null;
