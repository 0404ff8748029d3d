-- scripts/gateway/skills/words.lua -- what gateway.skills.scan looks for, and what it says of it.  Data: an operator's
-- copy may have more.  Phrases are written as unicode.phrases wants them: folded, "_" for up to a few words, "*" for a
-- prefix.

local M = {}

local function set(text)
  local out = {}
  for word in text:gmatch "%S+" do out[word] = true end
  return out
end

-- What each warning means.
M.about = {
  runs_download = "runs what it downloads, unseen",
  runs_decoded = "runs a text that it hides by an encoding",
  sends_secret = "names a secret and an address, or a way to send, in one line",
  secret_and_network = "names a secret, and sends to the network elsewhere",
  collector = "names a service that collects what is sent to it",
  bare_address = "names an address of the network by number",
  blob = "has a long encoded text that nobody can read",
  invisible = "has characters that cannot be seen",
  mixed_letters = "has a word with letters of two scripts that look alike",
  override = "tells the reader to ignore other instructions",
  secrecy = "tells the reader to hide something from the user",
  new_role = "tells the reader to be somebody else, or to act without limits",
  asks_prompt = "asks for the reader's own instructions",
  no_approval = "tells the reader to act without asking, or to switch off a protection",
  forged_turn = "has marks by which models tell who speaks",
  front_shell = "has commands of a shell in its front matter; none of them is run here",
  inline_command = "has commands that some agents run as they read it; here none is run",
  commands = "has commands in its front matter; none of them is run here",
  hidden_file = "has a file whose name begins with a dot",
  program = "has a compiled program",
  binary = "has a file that is no text",
  other_name = "calls itself something else",
  more = "there is more than is listed",
}

M.shells = set [[sh bash zsh dash ksh fish ash csh tcsh python python2 python3 perl ruby node deno bun php lua osascript
  pwsh powershell iex invoke-expression cmd.exe source eval]]
M.before_shells = set "sudo doas env nohup exec command time xargs tee nice busybox"

M.downloads = {
  "curl", "wget", "fetch http", "invoke-webrequest", "iwr ", "downloadstring", "aria2c",
}

M.evaluates = {
  'eval "$(', "eval $(", '-c "$(', "-c '$(", "iex (", "iex(", "invoke-expression", "&& bash ", "&& sh ", "; bash ",
  "; sh ", "&& python", "&& chmod +x", "; chmod +x",
}

M.decodes = {
  "base64", "xxd -r", "openssl enc", "openssl base64", "fromcharcode", "frombase64string", "uudecode", "rev |",
  "gunzip",
}

M.secrets = {
  "~/.ssh", "/.ssh/", "id_rsa", "id_ed25519", ".aws/credentials", ".config/gcloud", ".kube/config", ".netrc",
  ".npmrc", ".pypirc", ".git-credentials", ".docker/config.json", "/etc/shadow", "/etc/passwd", "wallet.dat",
  "keychain", "login data", ".gnupg", "seal.key", "_api_key", "api-key", "apikey", "api_token", "access_token",
  "auth_token", "bot_token", "github_token", "gh_token", "client_secret", "secret_key", "auth.json",
  "credentials.json", "os.environ", "process.env", "printenv", "/proc/self/environ", "~/.human", "~/.openclaw",
  "cat .env", "/.env",
}

M.sends = {
  "curl ", "wget ", "requests.post", "requests.put", "urlopen", "axios", "fetch(", "http.request", "nc -",
  "netcat", "/dev/tcp/", "scp ", "rsync ", "sendmail", "smtplib", "invoke-restmethod", "nslookup ",
}

M.collectors = {
  "webhook.site", "requestbin", "pipedream.net", "hookbin", "beeceptor", "ngrok", "trycloudflare.com",
  "serveo.net", "interact.sh", "oast.fun", "oast.pro", "oast.live", "oast.me", "oast.site", "oast.online",
  "burpcollaborator", "canarytokens", "pastebin.com", "transfer.sh", "0x0.st", "termbin.com",
  "discord.com/api/webhooks", "discordapp.com/api/webhooks", "api.telegram.org/bot", "glot.io", "rentry.co",
}

M.front_shell = {
  "$(", "`", "&&", "||", "; rm", "curl ", "wget ", "sh -c", "bash -c",
}

M.marks = {
  "<|im_start|>", "<|im_end|>", "<|system|>", "<|endoftext|>", "<|start_header_id|>", "[inst]", "[/inst]",
  "<<sys>>", "<system>", "</system>", "<system-reminder>", "### system:", "<tool_call>", "<function_calls>",
}

M.phrases = {
  override = [[
ignore _ previous _ instruction*|ignore _ prior _ instruction*|ignore _ above|ignore _ earlier _ instruction*
ignore all _ instruction*|ignore your _ instruction*|ignore the _ instruction*|ignore your _ rules
disregard _ instruction*|disregard _ previous|disregard _ rules|disregard _ system
forget _ previous|forget _ instruction*|forget everything _ above|forget your _ rules
override _ system prompt|override _ instruction*|overrides all _ instruction*
instead of _ previous instruction*|new instructions replace|supersede* _ instruction*
ignoriere _ anweisung*|ignorez _ instructions|ignora _ instrucciones|ignora _ istruzioni|ignore as instrucoes]],
  secrecy = [[
do not tell the user|don t tell the user|do not inform the user|without telling the user|without the user s knowledge
do not mention this|don t mention this|never mention _ user|never tell the user|never reveal _ user
hide _ from the user|keep _ from the user|keep this secret|do not show _ user|do not tell the operator
without informing the user|do not let the user|silently _ send|silently _ upload|silently _ run|silently _ install
secretly send|secretly _ upload]],
  new_role = [[
you are now|from now on you|pretend you are|act as if you have no|you have no restrictions|developer mode
jailbreak*|do anything now|without any restrictions|unrestricted mode|god mode|root access granted]],
  asks_prompt = [[
reveal _ system prompt|print _ system prompt|repeat _ system prompt|show _ system prompt|output _ system prompt
what is your system prompt|reveal _ your instructions|print _ your instructions|repeat the words above]],
  no_approval = [[
without asking|without confirmation|without approval|without permission|do not ask for confirmation
do not ask the user|don t ask the user|bypass _ approval*|bypass _ security|disable _ security|disable _ sandbox
skip _ confirmation|auto approve|always approve|turn off _ approval*|disable _ antivirus|disable gatekeeper
xattr _ quarantine]],
}

return M
