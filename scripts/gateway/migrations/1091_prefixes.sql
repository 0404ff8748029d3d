-- What "always" would cover of a command besides exactly itself, as it was shown to who decides: JSON {path, words, the
-- words that a command has to begin with}.  Null: nothing.
alter table gateway_approvals add column prefix text;
