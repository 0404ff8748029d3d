-- What one actor has opened.

create index market_channels_opened on market_channels (created_by) where closed_at is null;
