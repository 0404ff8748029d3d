# clients/python/human_client/agent.py -- made by `make sdk` from the OpenAPI document; do not edit.
# ruff: noqa
from __future__ import annotations

from typing import Any, AsyncIterator, Iterator, Literal, NotRequired, TypedDict, Unpack

from ._client import CallOptions, Client, File, Operation, StreamEvent, StreamOptions


class ListAgentTypesInput(TypedDict):
    after: NotRequired[str]
    limit: NotRequired[int]


class ListAgentTypesResultItem(TypedDict):
    id: str
    name: str
    description: str
    createdAt: str
    updatedAt: str


class CreateAgentTypeInput(TypedDict):
    description: NotRequired[str]
    name: str


class CreateAgentTypeResult(TypedDict):
    id: str
    name: str
    description: str
    createdAt: str
    updatedAt: str


class GetAgentTypeInput(TypedDict):
    id: str


class GetAgentTypeResult(TypedDict):
    id: str
    name: str
    description: str
    createdAt: str
    updatedAt: str


class ListAgentsInput(TypedDict):
    after: NotRequired[str]
    limit: NotRequired[int]


ListAgentsResultItemSettingsQuietHours = TypedDict(
    "ListAgentsResultItemSettingsQuietHours",
    {
        "from": str,
        "to": str,
        "utc_offset": str,
    },
)


class ListAgentsResultItemSettings(TypedDict):
    speak: Literal["mentioned", "asked", "free"]
    "when it speaks in a group: named, also asked in its field, or when it has something to add"
    talkativeness: int
    "per cent of the talk that may be its own before it keeps to what it is asked by name"
    answers: Literal["people", "everyone"]
    "whom it answers: people, or other agents as well"
    ignores: list[str]
    "participant ids that it never answers"
    quiet_hours: ListAgentsResultItemSettingsQuietHours | None
    "when it says nothing, whoever asks"
    greeting: str | None
    "what it posts when it joins a chat"
    follow_up_after_s: int | None
    "after so much silence since its own last message it may speak once more"
    reactions_only: bool
    "it reacts, and writes nothing"
    debounce_ms: int
    "how long it waits for more lines before it answers what is no whole question"
    max_message_chars: int
    "the platform's limit for one message; longer answers are split"
    typing_ms_per_char: int
    "it types for so long before each message, with the time that it thought; 0: it posts at once"
    model: str | None
    "\"name\" or \"provider/name\"; null: the server's own choice"
    temperature: float | None
    reasoning_effort: Literal["minimal", "low", "medium", "high", None]
    max_tokens: int | None
    "that the model may write in one answer"
    tools: list[Literal["send_message", "send_reply", "add_reaction", "remove_reaction"]] | None
    "what it may do; null: everything. It may always stay silent."
    abilities: Literal["read", "act"]
    "with its abilities it only looks things up for people, or does what they ask for"
    owners: list[str]
    "participant ids of its owner: alone with them it does what they ask for"
    tokens_per_day: int | None
    "a budget: in and out, in the last 24 hours"
    cost_per_day_micros: int | None
    "a budget in millionths of a US dollar, in the last 24 hours, where prices are known"


class ListAgentsResultItem(TypedDict):
    id: str
    name: str
    description: str
    status: str
    agentTypeId: str
    personalityId: str | None
    systemPromptId: str | None
    userId: str
    settings: ListAgentsResultItemSettings
    createdAt: str
    updatedAt: str


CreateAgentInputSettingsQuietHours = TypedDict(
    "CreateAgentInputSettingsQuietHours",
    {
        "from": str,
        "to": str,
        "utc_offset": NotRequired[str],
    },
)


class CreateAgentInputSettings(TypedDict):
    speak: NotRequired[Literal["mentioned", "asked", "free", None]]
    "when it speaks in a group: named, also asked in its field, or when it has something to add"
    talkativeness: NotRequired[int | None]
    "per cent of the talk that may be its own before it keeps to what it is asked by name"
    answers: NotRequired[Literal["people", "everyone", None]]
    "whom it answers: people, or other agents as well"
    ignores: NotRequired[list[str | int] | None]
    "participant ids that it never answers; numbers are taken as text"
    quiet_hours: NotRequired[CreateAgentInputSettingsQuietHours | None]
    "when it says nothing, whoever asks"
    greeting: NotRequired[str | None]
    "what it posts when it joins a chat"
    follow_up_after_s: NotRequired[int | None]
    "after so much silence since its own last message it may speak once more"
    reactions_only: NotRequired[bool | None]
    "it reacts, and writes nothing"
    debounce_ms: NotRequired[int | None]
    "how long it waits for more lines before it answers what is no whole question"
    max_message_chars: NotRequired[int | None]
    "the platform's limit for one message; longer answers are split"
    typing_ms_per_char: NotRequired[int | None]
    "it types for so long before each message, with the time that it thought; 0: it posts at once"
    model: NotRequired[str | None]
    "\"name\" or \"provider/name\"; null: the server's own choice"
    temperature: NotRequired[float | None]
    reasoning_effort: NotRequired[Literal["minimal", "low", "medium", "high", None]]
    max_tokens: NotRequired[int | None]
    "that the model may write in one answer"
    tools: NotRequired[list[Literal["send_message", "send_reply", "add_reaction", "remove_reaction"]] | None]
    "what it may do; null: everything. It may always stay silent."
    abilities: NotRequired[Literal["read", "act", None]]
    "with its abilities it only looks things up for people, or does what they ask for"
    owners: NotRequired[list[str | int] | None]
    "participant ids of its owner; numbers are taken as text"
    tokens_per_day: NotRequired[int | None]
    "a budget: in and out, in the last 24 hours"
    cost_per_day_micros: NotRequired[int | None]
    "a budget in millionths of a US dollar, in the last 24 hours, where prices are known"


class CreateAgentInput(TypedDict):
    agentTypeId: str
    description: NotRequired[str]
    name: str
    settings: NotRequired[CreateAgentInputSettings]


CreateAgentResultSettingsQuietHours = TypedDict(
    "CreateAgentResultSettingsQuietHours",
    {
        "from": str,
        "to": str,
        "utc_offset": str,
    },
)


class CreateAgentResultSettings(TypedDict):
    speak: Literal["mentioned", "asked", "free"]
    "when it speaks in a group: named, also asked in its field, or when it has something to add"
    talkativeness: int
    "per cent of the talk that may be its own before it keeps to what it is asked by name"
    answers: Literal["people", "everyone"]
    "whom it answers: people, or other agents as well"
    ignores: list[str]
    "participant ids that it never answers"
    quiet_hours: CreateAgentResultSettingsQuietHours | None
    "when it says nothing, whoever asks"
    greeting: str | None
    "what it posts when it joins a chat"
    follow_up_after_s: int | None
    "after so much silence since its own last message it may speak once more"
    reactions_only: bool
    "it reacts, and writes nothing"
    debounce_ms: int
    "how long it waits for more lines before it answers what is no whole question"
    max_message_chars: int
    "the platform's limit for one message; longer answers are split"
    typing_ms_per_char: int
    "it types for so long before each message, with the time that it thought; 0: it posts at once"
    model: str | None
    "\"name\" or \"provider/name\"; null: the server's own choice"
    temperature: float | None
    reasoning_effort: Literal["minimal", "low", "medium", "high", None]
    max_tokens: int | None
    "that the model may write in one answer"
    tools: list[Literal["send_message", "send_reply", "add_reaction", "remove_reaction"]] | None
    "what it may do; null: everything. It may always stay silent."
    abilities: Literal["read", "act"]
    "with its abilities it only looks things up for people, or does what they ask for"
    owners: list[str]
    "participant ids of its owner: alone with them it does what they ask for"
    tokens_per_day: int | None
    "a budget: in and out, in the last 24 hours"
    cost_per_day_micros: int | None
    "a budget in millionths of a US dollar, in the last 24 hours, where prices are known"


class CreateAgentResult(TypedDict):
    id: str
    name: str
    description: str
    status: str
    agentTypeId: str
    personalityId: str | None
    systemPromptId: str | None
    userId: str
    settings: CreateAgentResultSettings
    createdAt: str
    updatedAt: str


class GetAgentInput(TypedDict):
    id: str


GetAgentResultSettingsQuietHours = TypedDict(
    "GetAgentResultSettingsQuietHours",
    {
        "from": str,
        "to": str,
        "utc_offset": str,
    },
)


class GetAgentResultSettings(TypedDict):
    speak: Literal["mentioned", "asked", "free"]
    "when it speaks in a group: named, also asked in its field, or when it has something to add"
    talkativeness: int
    "per cent of the talk that may be its own before it keeps to what it is asked by name"
    answers: Literal["people", "everyone"]
    "whom it answers: people, or other agents as well"
    ignores: list[str]
    "participant ids that it never answers"
    quiet_hours: GetAgentResultSettingsQuietHours | None
    "when it says nothing, whoever asks"
    greeting: str | None
    "what it posts when it joins a chat"
    follow_up_after_s: int | None
    "after so much silence since its own last message it may speak once more"
    reactions_only: bool
    "it reacts, and writes nothing"
    debounce_ms: int
    "how long it waits for more lines before it answers what is no whole question"
    max_message_chars: int
    "the platform's limit for one message; longer answers are split"
    typing_ms_per_char: int
    "it types for so long before each message, with the time that it thought; 0: it posts at once"
    model: str | None
    "\"name\" or \"provider/name\"; null: the server's own choice"
    temperature: float | None
    reasoning_effort: Literal["minimal", "low", "medium", "high", None]
    max_tokens: int | None
    "that the model may write in one answer"
    tools: list[Literal["send_message", "send_reply", "add_reaction", "remove_reaction"]] | None
    "what it may do; null: everything. It may always stay silent."
    abilities: Literal["read", "act"]
    "with its abilities it only looks things up for people, or does what they ask for"
    owners: list[str]
    "participant ids of its owner: alone with them it does what they ask for"
    tokens_per_day: int | None
    "a budget: in and out, in the last 24 hours"
    cost_per_day_micros: int | None
    "a budget in millionths of a US dollar, in the last 24 hours, where prices are known"


class GetAgentResult(TypedDict):
    id: str
    name: str
    description: str
    status: str
    agentTypeId: str
    personalityId: str | None
    systemPromptId: str | None
    userId: str
    settings: GetAgentResultSettings
    createdAt: str
    updatedAt: str


UpdateAgentInputSettingsQuietHours = TypedDict(
    "UpdateAgentInputSettingsQuietHours",
    {
        "from": str,
        "to": str,
        "utc_offset": NotRequired[str],
    },
)


class UpdateAgentInputSettings(TypedDict):
    speak: NotRequired[Literal["mentioned", "asked", "free", None]]
    "when it speaks in a group: named, also asked in its field, or when it has something to add"
    talkativeness: NotRequired[int | None]
    "per cent of the talk that may be its own before it keeps to what it is asked by name"
    answers: NotRequired[Literal["people", "everyone", None]]
    "whom it answers: people, or other agents as well"
    ignores: NotRequired[list[str | int] | None]
    "participant ids that it never answers; numbers are taken as text"
    quiet_hours: NotRequired[UpdateAgentInputSettingsQuietHours | None]
    "when it says nothing, whoever asks"
    greeting: NotRequired[str | None]
    "what it posts when it joins a chat"
    follow_up_after_s: NotRequired[int | None]
    "after so much silence since its own last message it may speak once more"
    reactions_only: NotRequired[bool | None]
    "it reacts, and writes nothing"
    debounce_ms: NotRequired[int | None]
    "how long it waits for more lines before it answers what is no whole question"
    max_message_chars: NotRequired[int | None]
    "the platform's limit for one message; longer answers are split"
    typing_ms_per_char: NotRequired[int | None]
    "it types for so long before each message, with the time that it thought; 0: it posts at once"
    model: NotRequired[str | None]
    "\"name\" or \"provider/name\"; null: the server's own choice"
    temperature: NotRequired[float | None]
    reasoning_effort: NotRequired[Literal["minimal", "low", "medium", "high", None]]
    max_tokens: NotRequired[int | None]
    "that the model may write in one answer"
    tools: NotRequired[list[Literal["send_message", "send_reply", "add_reaction", "remove_reaction"]] | None]
    "what it may do; null: everything. It may always stay silent."
    abilities: NotRequired[Literal["read", "act", None]]
    "with its abilities it only looks things up for people, or does what they ask for"
    owners: NotRequired[list[str | int] | None]
    "participant ids of its owner; numbers are taken as text"
    tokens_per_day: NotRequired[int | None]
    "a budget: in and out, in the last 24 hours"
    cost_per_day_micros: NotRequired[int | None]
    "a budget in millionths of a US dollar, in the last 24 hours, where prices are known"


class UpdateAgentInput(TypedDict):
    id: str
    agentTypeId: NotRequired[str]
    description: NotRequired[str]
    name: NotRequired[str]
    settings: NotRequired[UpdateAgentInputSettings]
    "what is left out stays; null makes a setting the default again"
    status: NotRequired[Literal["active", "paused"]]


UpdateAgentResultSettingsQuietHours = TypedDict(
    "UpdateAgentResultSettingsQuietHours",
    {
        "from": str,
        "to": str,
        "utc_offset": str,
    },
)


class UpdateAgentResultSettings(TypedDict):
    speak: Literal["mentioned", "asked", "free"]
    "when it speaks in a group: named, also asked in its field, or when it has something to add"
    talkativeness: int
    "per cent of the talk that may be its own before it keeps to what it is asked by name"
    answers: Literal["people", "everyone"]
    "whom it answers: people, or other agents as well"
    ignores: list[str]
    "participant ids that it never answers"
    quiet_hours: UpdateAgentResultSettingsQuietHours | None
    "when it says nothing, whoever asks"
    greeting: str | None
    "what it posts when it joins a chat"
    follow_up_after_s: int | None
    "after so much silence since its own last message it may speak once more"
    reactions_only: bool
    "it reacts, and writes nothing"
    debounce_ms: int
    "how long it waits for more lines before it answers what is no whole question"
    max_message_chars: int
    "the platform's limit for one message; longer answers are split"
    typing_ms_per_char: int
    "it types for so long before each message, with the time that it thought; 0: it posts at once"
    model: str | None
    "\"name\" or \"provider/name\"; null: the server's own choice"
    temperature: float | None
    reasoning_effort: Literal["minimal", "low", "medium", "high", None]
    max_tokens: int | None
    "that the model may write in one answer"
    tools: list[Literal["send_message", "send_reply", "add_reaction", "remove_reaction"]] | None
    "what it may do; null: everything. It may always stay silent."
    abilities: Literal["read", "act"]
    "with its abilities it only looks things up for people, or does what they ask for"
    owners: list[str]
    "participant ids of its owner: alone with them it does what they ask for"
    tokens_per_day: int | None
    "a budget: in and out, in the last 24 hours"
    cost_per_day_micros: int | None
    "a budget in millionths of a US dollar, in the last 24 hours, where prices are known"


class UpdateAgentResult(TypedDict):
    id: str
    name: str
    description: str
    status: str
    agentTypeId: str
    personalityId: str | None
    systemPromptId: str | None
    userId: str
    settings: UpdateAgentResultSettings
    createdAt: str
    updatedAt: str


class DeleteAgentInput(TypedDict):
    id: str


class ListAgentEventsInput(TypedDict):
    id: str
    after: NotRequired[str]
    before: NotRequired[str]
    direction: NotRequired[Literal["in", "out"]]
    limit: NotRequired[int]
    type: NotRequired[str]


class ListAgentEventsResultItem(TypedDict):
    id: str
    agentId: str
    direction: Literal["in", "out"]
    type: str
    content: Any
    seq: NotRequired[int]
    "of actions: 1, 2, 3, .. without gaps"
    runId: str | None
    createdAt: str


class GetMarketIdentityInput(TypedDict):
    id: str


class GetMarketIdentityResult(TypedDict):
    agentId: str
    actorId: str
    displayName: str
    acts: bool
    "false: it was stopped, and the agent has no tools of the marketplace"
    state: Literal["active", "frozen", "banned"]
    tier: int
    autonomy: int
    rcBalance: float
    createdAt: str


class CreateMarketIdentityInput(TypedDict):
    id: str
    displayName: NotRequired[str]
    "Without it, the name of the agent"
    capabilityTags: NotRequired[list[str]]
    framework: NotRequired[Literal["openclaw", "langgraph", "custom"]]


class CreateMarketIdentityResult1(TypedDict):
    agentId: str
    actorId: str
    displayName: str
    acts: bool
    "false: it was stopped, and the agent has no tools of the marketplace"
    state: Literal["active", "frozen", "banned"]
    tier: int
    autonomy: int
    rcBalance: float
    createdAt: str


class CreateMarketIdentityResult2(TypedDict):
    agentId: str
    actorId: str
    apiKey: str
    "Of the actor, for whoever watches over it; shown this once. The agent needs none"
    rcBalance: float
    tier: int
    isFounding: bool
    referralCode: str


class StopMarketIdentityInput(TypedDict):
    id: str


class StopMarketIdentityResult(TypedDict):
    agentId: str
    actorId: str
    displayName: str
    acts: bool
    "false: it was stopped, and the agent has no tools of the marketplace"
    state: Literal["active", "frozen", "banned"]
    tier: int
    autonomy: int
    rcBalance: float
    createdAt: str


class SendAgentMessageInputContentParticipantsItem(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputContent(TypedDict):
    chatCode: str | int
    participants: list[SendAgentMessageInputContentParticipantsItem]
    "One of them at most with self: true"


class SendAgentMessageInputContent2Message1Participant(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputContent2Message1AttachmentsItem1(TypedDict):
    url: str
    "An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64"
    type: NotRequired[str | None]
    mediaType: NotRequired[str | None]
    name: NotRequired[str | None]


class SendAgentMessageInputContent2Message1AttachmentsItem2(TypedDict):
    data: str
    "Such an image in base64; JPEG, GIF and WebP are taken as well"
    type: NotRequired[str | None]
    mediaType: NotRequired[str | None]
    name: NotRequired[str | None]


class SendAgentMessageInputContent2Message1(TypedDict):
    id: str | int
    content: str
    participant: SendAgentMessageInputContent2Message1Participant
    createdAt: str | float
    type: NotRequired[str | None]
    replyTo: NotRequired[str | int | None]
    mentions: NotRequired[list[str | int] | None]
    "Ids or handles of who is meant"
    attachments: NotRequired[list[SendAgentMessageInputContent2Message1AttachmentsItem1 | SendAgentMessageInputContent2Message1AttachmentsItem2] | None]


class SendAgentMessageInputContent2Message2Participant(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputContent2Message2AttachmentsItem1(TypedDict):
    url: str
    "An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64"
    type: NotRequired[str | None]
    mediaType: NotRequired[str | None]
    name: NotRequired[str | None]


class SendAgentMessageInputContent2Message2AttachmentsItem2(TypedDict):
    data: str
    "Such an image in base64; JPEG, GIF and WebP are taken as well"
    type: NotRequired[str | None]
    mediaType: NotRequired[str | None]
    name: NotRequired[str | None]


class SendAgentMessageInputContent2Message2(TypedDict):
    id: str | int
    content: NotRequired[str | None]
    participant: SendAgentMessageInputContent2Message2Participant
    createdAt: str | float
    type: NotRequired[str | None]
    replyTo: NotRequired[str | int | None]
    mentions: NotRequired[list[str | int] | None]
    "Ids or handles of who is meant"
    attachments: list[SendAgentMessageInputContent2Message2AttachmentsItem1 | SendAgentMessageInputContent2Message2AttachmentsItem2]


class SendAgentMessageInputContent2(TypedDict):
    message: SendAgentMessageInputContent2Message1 | SendAgentMessageInputContent2Message2


class SendAgentMessageInputContent3(TypedDict):
    messageId: str | int
    content: str
    "The text as it is now"
    editedAt: NotRequired[str | float | None]
    mentions: NotRequired[list[str | int] | None]
    "Ids or handles of who is meant"


class SendAgentMessageInputContent4(TypedDict):
    messageId: str | int


class SendAgentMessageInputContent5Participant(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputContent5(TypedDict):
    participant: SendAgentMessageInputContent5Participant


class SendAgentMessageInputContent6Participant(TypedDict):
    id: str | int
    nickname: NotRequired[str | None]


class SendAgentMessageInputContent6(TypedDict):
    participant: SendAgentMessageInputContent6Participant


class SendAgentMessageInputContent7(TypedDict):
    nickname: str
    participantId: str | int


class SendAgentMessageInputContent8Participant(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputContent8(TypedDict):
    action: NotRequired[Literal["add", "remove", None]]
    emoji: str
    "one emoji, or one of the platform's own as :name: or <:name:id>"
    messageId: str | int
    participant: SendAgentMessageInputContent8Participant


class SendAgentMessageInputContent9(TypedDict):
    expiresAt: str | float


class SendAgentMessageInputParticipantsItem(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputMessage1Participant(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputMessage1AttachmentsItem1(TypedDict):
    url: str
    "An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64"
    type: NotRequired[str | None]
    mediaType: NotRequired[str | None]
    name: NotRequired[str | None]


class SendAgentMessageInputMessage1AttachmentsItem2(TypedDict):
    data: str
    "Such an image in base64; JPEG, GIF and WebP are taken as well"
    type: NotRequired[str | None]
    mediaType: NotRequired[str | None]
    name: NotRequired[str | None]


class SendAgentMessageInputMessage1(TypedDict):
    id: str | int
    content: str
    participant: SendAgentMessageInputMessage1Participant
    createdAt: str | float
    type: NotRequired[str | None]
    replyTo: NotRequired[str | int | None]
    mentions: NotRequired[list[str | int] | None]
    "Ids or handles of who is meant"
    attachments: NotRequired[list[SendAgentMessageInputMessage1AttachmentsItem1 | SendAgentMessageInputMessage1AttachmentsItem2] | None]


class SendAgentMessageInputMessage2Participant(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputMessage2AttachmentsItem1(TypedDict):
    url: str
    "An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64"
    type: NotRequired[str | None]
    mediaType: NotRequired[str | None]
    name: NotRequired[str | None]


class SendAgentMessageInputMessage2AttachmentsItem2(TypedDict):
    data: str
    "Such an image in base64; JPEG, GIF and WebP are taken as well"
    type: NotRequired[str | None]
    mediaType: NotRequired[str | None]
    name: NotRequired[str | None]


class SendAgentMessageInputMessage2(TypedDict):
    id: str | int
    content: NotRequired[str | None]
    participant: SendAgentMessageInputMessage2Participant
    createdAt: str | float
    type: NotRequired[str | None]
    replyTo: NotRequired[str | int | None]
    mentions: NotRequired[list[str | int] | None]
    "Ids or handles of who is meant"
    attachments: list[SendAgentMessageInputMessage2AttachmentsItem1 | SendAgentMessageInputMessage2AttachmentsItem2]


class SendAgentMessageInputParticipant(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInputParticipant2(TypedDict):
    id: str | int
    nickname: NotRequired[str | None]


class SendAgentMessageInputParticipant3(TypedDict):
    id: str | int
    nickname: str
    isAgent: NotRequired[bool | None]
    self: NotRequired[bool | None]
    handles: NotRequired[list[str | int] | None]


class SendAgentMessageInput(TypedDict):
    id: str
    type: Literal["agent-joined"] | Literal["new-message"] | Literal["message-edited"] | Literal["message-deleted"] | Literal["user-joined"] | Literal["user-left"] | Literal["user-typing"] | Literal["reaction"] | Literal["timer-expired"]
    content: NotRequired[SendAgentMessageInputContent | SendAgentMessageInputContent2 | SendAgentMessageInputContent3 | str | SendAgentMessageInputContent4 | SendAgentMessageInputContent5 | SendAgentMessageInputContent6 | SendAgentMessageInputContent7 | SendAgentMessageInputContent8 | SendAgentMessageInputContent9]
    chatCode: NotRequired[str | int]
    participants: NotRequired[list[SendAgentMessageInputParticipantsItem]]
    "One of them at most with self: true"
    message: NotRequired[SendAgentMessageInputMessage1 | SendAgentMessageInputMessage2]
    messageId: NotRequired[str | int]
    editedAt: NotRequired[str | float | None]
    mentions: NotRequired[list[str | int] | None]
    "Ids or handles of who is meant"
    participant: NotRequired[SendAgentMessageInputParticipant | SendAgentMessageInputParticipant2 | SendAgentMessageInputParticipant3]
    nickname: NotRequired[str]
    participantId: NotRequired[str | int]
    action: NotRequired[Literal["add", "remove", None]]
    emoji: NotRequired[str]
    "one emoji, or one of the platform's own as :name: or <:name:id>"
    expiresAt: NotRequired[str | float]


class SendAgentMessageResult(TypedDict):
    eventId: str
    duplicate: NotRequired[bool]


class GetAgentStateInput(TypedDict):
    id: str


class GetAgentStateResultPersonality(TypedDict):
    id: str
    personalityId: str
    name: str


class GetAgentStateResultSystemPrompt(TypedDict):
    id: str
    name: str


class GetAgentStateResultCounters(TypedDict):
    eventsIn: int
    actionsOut: int
    runs: int
    inputTokens: int
    outputTokens: int
    costMicros: int
    "millionths of a US dollar, where prices are known"


class GetAgentStateResult(TypedDict):
    agentId: str
    personalityId: str | None
    personality: GetAgentStateResultPersonality | None
    systemPromptId: str | None
    systemPrompt: GetAgentStateResultSystemPrompt | None
    status: Literal["idle", "waiting", "thinking"]
    runId: str | None
    lastEventAt: str | None
    chatCode: str | None
    expiredAt: str | None
    "when the platform's time limit ended the session"
    counters: GetAgentStateResultCounters
    updatedAt: str


class UpdateAgentStateInput(TypedDict):
    id: str
    personalityId: NotRequired[str | None]
    "a personality's id or its personalityId; null unlinks"
    systemPromptId: NotRequired[str | None]


class UpdateAgentStateResultPersonality(TypedDict):
    id: str
    personalityId: str
    name: str


class UpdateAgentStateResultSystemPrompt(TypedDict):
    id: str
    name: str


class UpdateAgentStateResultCounters(TypedDict):
    eventsIn: int
    actionsOut: int
    runs: int
    inputTokens: int
    outputTokens: int
    costMicros: int
    "millionths of a US dollar, where prices are known"


class UpdateAgentStateResult(TypedDict):
    agentId: str
    personalityId: str | None
    personality: UpdateAgentStateResultPersonality | None
    systemPromptId: str | None
    systemPrompt: UpdateAgentStateResultSystemPrompt | None
    status: Literal["idle", "waiting", "thinking"]
    runId: str | None
    lastEventAt: str | None
    chatCode: str | None
    expiredAt: str | None
    "when the platform's time limit ended the session"
    counters: UpdateAgentStateResultCounters
    updatedAt: str


class ListPersonalitiesInput(TypedDict):
    after: NotRequired[str]
    limit: NotRequired[int]


class ListPersonalitiesResultItem(TypedDict):
    id: str
    personalityId: str
    name: str
    description: str
    styleInstructions: str
    userId: str | None
    "null: shared, read-only for everybody"
    createdAt: str
    updatedAt: str


class CreatePersonalityInput(TypedDict):
    description: NotRequired[str]
    name: str
    personalityId: NotRequired[str]
    "your own name for it, such as coach-alex"
    styleInstructions: NotRequired[str]


class CreatePersonalityResult(TypedDict):
    id: str
    personalityId: str
    name: str
    description: str
    styleInstructions: str
    userId: str | None
    "null: shared, read-only for everybody"
    createdAt: str
    updatedAt: str


class GetPersonalityInput(TypedDict):
    id: str


class GetPersonalityResult(TypedDict):
    id: str
    personalityId: str
    name: str
    description: str
    styleInstructions: str
    userId: str | None
    "null: shared, read-only for everybody"
    createdAt: str
    updatedAt: str


class UpdatePersonalityInput(TypedDict):
    id: str
    description: NotRequired[str]
    name: NotRequired[str]
    personalityId: NotRequired[str]
    styleInstructions: NotRequired[str]


class UpdatePersonalityResult(TypedDict):
    id: str
    personalityId: str
    name: str
    description: str
    styleInstructions: str
    userId: str | None
    "null: shared, read-only for everybody"
    createdAt: str
    updatedAt: str


class DeletePersonalityInput(TypedDict):
    id: str


class ListSystemPromptsInput(TypedDict):
    after: NotRequired[str]
    limit: NotRequired[int]


class ListSystemPromptsResultItem(TypedDict):
    id: str
    name: str
    promptType: str
    template: str
    userId: str | None
    "null: shared, read-only for everybody"
    createdAt: str
    updatedAt: str


class CreateSystemPromptInput(TypedDict):
    name: str
    promptType: NotRequired[Literal["system"]]
    template: str
    "may hold {{agent.name}}, {{personality.name}} and {{chat.code}}; {{participants}} and {{now}} refer to the chat, where they are told"


class CreateSystemPromptResult(TypedDict):
    id: str
    name: str
    promptType: str
    template: str
    userId: str | None
    "null: shared, read-only for everybody"
    createdAt: str
    updatedAt: str


class GetSystemPromptInput(TypedDict):
    id: str


class GetSystemPromptResult(TypedDict):
    id: str
    name: str
    promptType: str
    template: str
    userId: str | None
    "null: shared, read-only for everybody"
    createdAt: str
    updatedAt: str


class UpdateSystemPromptInput(TypedDict):
    id: str
    name: NotRequired[str]
    promptType: NotRequired[Literal["system"]]
    template: NotRequired[str]


class UpdateSystemPromptResult(TypedDict):
    id: str
    name: str
    promptType: str
    template: str
    userId: str | None
    "null: shared, read-only for everybody"
    createdAt: str
    updatedAt: str


class DeleteSystemPromptInput(TypedDict):
    id: str


class CreateUserInput(TypedDict):
    email: str
    "An e-mail address"
    name: NotRequired[str]


class CreateUserResult(TypedDict):
    id: str
    email: str
    name: str | None
    createdAt: str
    updatedAt: str


class GetUserInput(TypedDict):
    id: str


class GetUserResult(TypedDict):
    id: str
    email: str
    name: str | None
    createdAt: str
    updatedAt: str


class UpdateUserInput(TypedDict):
    id: str
    email: NotRequired[str]
    "An e-mail address"
    name: NotRequired[str]


class UpdateUserResult(TypedDict):
    id: str
    email: str
    name: str | None
    createdAt: str
    updatedAt: str


class DeleteUserInput(TypedDict):
    id: str


class ListApiKeysInput(TypedDict):
    userId: str
    after: NotRequired[str]
    limit: NotRequired[int]


class ListApiKeysResultItem(TypedDict):
    id: str
    name: str
    keyPreview: str
    expiresAt: str | None
    createdAt: str
    updatedAt: str


class CreateApiKeyInput(TypedDict):
    userId: str
    expiresAt: NotRequired[str | None]
    name: NotRequired[str]


class CreateApiKeyResult(TypedDict):
    id: str
    key: str
    "Shown this once; only its hash is kept."
    keyPreview: str
    name: str
    expiresAt: str | None
    createdAt: str
    updatedAt: str


class DeleteApiKeyInput(TypedDict):
    userId: str
    keyId: str


class RegenerateApiKeyInput(TypedDict):
    userId: str
    keyId: str


class RegenerateApiKeyResult(TypedDict):
    id: str
    key: str
    "Shown this once; only its hash is kept."
    keyPreview: str
    name: str
    expiresAt: str | None
    createdAt: str
    updatedAt: str


class HealthInput(TypedDict):
    pass


class HealthResultLlm(TypedDict):
    provider: str
    model: str | None
    language_model: bool
    "false: the built-in rules answer, not a language model"
    chosen: NotRequired[bool]
    "true: the built-in rules answer since llm.provider says so"
    problem: str | None


class HealthResult(TypedDict):
    status: Literal["ok", "degraded"]
    "degraded: requests fail, problems says why"
    version: NotRequired[str]
    "of the API; whoever sees more sees the server's own"
    instance: NotRequired[str]
    "another one at each start: whoever means a certain server compares it"
    problems: NotRequired[list[str]]
    database: NotRequired[Literal["up", "starting", "unreachable", "read_only", "stuck", "full", "refused"]]
    "up, or what is the case"
    database_id: NotRequired[str]
    "keys belong to it; another database has another one"
    scripts: NotRequired[str]
    "hash of the script bundle in service"
    reload: NotRequired[Literal["accepted", "refused"]]
    "the last reload's verdict"
    worker: NotRequired[int]
    workers: NotRequired[int]
    uptime_s: NotRequired[int]
    llm: NotRequired[HealthResultLlm]


class ReadyInput(TypedDict):
    pass


class ReadyResult(TypedDict):
    ready: bool
    reasons: list[Literal["starting", "draining", "database_unavailable"]]
    database: Literal["up", "starting", "unreachable", "read_only", "stuck", "full", "refused"]
    "up, or what is the case"


_OPERATIONS: dict[str, Operation] = {
    "listAgentTypes": Operation("GET", "/api/agent-types", query=["after","limit"]),
    "createAgentType": Operation("POST", "/api/agent-types", body="json", repeatable=True, admin=True),
    "getAgentType": Operation("GET", "/api/agent-types/{id}", path=["id"]),
    "listAgents": Operation("GET", "/api/agents", query=["after","limit"]),
    "createAgent": Operation("POST", "/api/agents", body="json", repeatable=True),
    "getAgent": Operation("GET", "/api/agents/{id}", path=["id"]),
    "updateAgent": Operation("PUT", "/api/agents/{id}", path=["id"], body="json"),
    "deleteAgent": Operation("DELETE", "/api/agents/{id}", path=["id"], answer="none"),
    "listAgentEvents": Operation("GET", "/api/agents/{id}/events", path=["id"], query=["after","before","direction","limit","type"]),
    "getMarketIdentity": Operation("GET", "/api/agents/{id}/market-identity", path=["id"]),
    "createMarketIdentity": Operation("POST", "/api/agents/{id}/market-identity", path=["id"], body="json", repeatable=True),
    "stopMarketIdentity": Operation("DELETE", "/api/agents/{id}/market-identity", path=["id"]),
    "sendAgentMessage": Operation("POST", "/api/agents/{id}/messages", path=["id"], body="json", repeatable=True),
    "sendAgentMessageStream": Operation("POST", "/api/agents/{id}/messages", path=["id"], body="json", repeatable=True, answer="events"),
    "getAgentState": Operation("GET", "/api/agents/{id}/state", path=["id"]),
    "updateAgentState": Operation("PUT", "/api/agents/{id}/state", path=["id"], body="json"),
    "listPersonalities": Operation("GET", "/api/personalities", query=["after","limit"]),
    "createPersonality": Operation("POST", "/api/personalities", body="json", repeatable=True),
    "getPersonality": Operation("GET", "/api/personalities/{id}", path=["id"]),
    "updatePersonality": Operation("PUT", "/api/personalities/{id}", path=["id"], body="json"),
    "deletePersonality": Operation("DELETE", "/api/personalities/{id}", path=["id"], answer="none"),
    "listSystemPrompts": Operation("GET", "/api/system-prompts", query=["after","limit"]),
    "createSystemPrompt": Operation("POST", "/api/system-prompts", body="json", repeatable=True),
    "getSystemPrompt": Operation("GET", "/api/system-prompts/{id}", path=["id"]),
    "updateSystemPrompt": Operation("PUT", "/api/system-prompts/{id}", path=["id"], body="json"),
    "deleteSystemPrompt": Operation("DELETE", "/api/system-prompts/{id}", path=["id"], answer="none"),
    "createUser": Operation("POST", "/api/users", body="json", repeatable=True, admin=True),
    "getUser": Operation("GET", "/api/users/{id}", path=["id"], admin=True),
    "updateUser": Operation("PUT", "/api/users/{id}", path=["id"], body="json", admin=True),
    "deleteUser": Operation("DELETE", "/api/users/{id}", path=["id"], answer="none", admin=True),
    "listApiKeys": Operation("GET", "/api/users/{userId}/api-keys", path=["userId"], query=["after","limit"], admin=True),
    "createApiKey": Operation("POST", "/api/users/{userId}/api-keys", path=["userId"], body="json", repeatable=True, admin=True),
    "deleteApiKey": Operation("DELETE", "/api/users/{userId}/api-keys/{keyId}", path=["userId","keyId"], answer="none", admin=True),
    "regenerateApiKey": Operation("POST", "/api/users/{userId}/api-keys/{keyId}/regenerate", path=["userId","keyId"], repeatable=True, admin=True),
    "health": Operation("GET", "/health"),
    "ready": Operation("GET", "/ready"),
}


class Agent(Client):
    def list_agent_types(
        self, options: CallOptions | None = None, /, **input: Unpack[ListAgentTypesInput]
    ) -> list[ListAgentTypesResultItem]:
        """List agent types; Huma-1 is one. Errors: internal, validation_error."""
        result: list[ListAgentTypesResultItem] = self._call(_OPERATIONS["listAgentTypes"], input, options)
        return result

    def create_agent_type(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateAgentTypeInput]
    ) -> CreateAgentTypeResult:
        """Create an agent type. Errors: admin_token_required, agent_type_exists, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        too_many_agent_types, unauthorized, unsupported_media_type, validation_error.
        """
        result: CreateAgentTypeResult = self._call(_OPERATIONS["createAgentType"], input, options)
        return result

    def get_agent_type(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentTypeInput]
    ) -> GetAgentTypeResult:
        """Get an agent type. Errors: agent_type_not_found, internal."""
        result: GetAgentTypeResult = self._call(_OPERATIONS["getAgentType"], input, options)
        return result

    def list_agents(
        self, options: CallOptions | None = None, /, **input: Unpack[ListAgentsInput]
    ) -> list[ListAgentsResultItem]:
        """List your agents. Errors: internal, key_expired, rate_limited, unauthorized, validation_error."""
        result: list[ListAgentsResultItem] = self._call(_OPERATIONS["listAgents"], input, options)
        return result

    def create_agent(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateAgentInput]
    ) -> CreateAgentResult:
        """Create an agent. Errors: agent_type_not_found, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited, too_many_agents,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: CreateAgentResult = self._call(_OPERATIONS["createAgent"], input, options)
        return result

    def get_agent(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentInput]
    ) -> GetAgentResult:
        """Get an agent. Errors: agent_not_found, internal, key_expired, rate_limited, unauthorized."""
        result: GetAgentResult = self._call(_OPERATIONS["getAgent"], input, options)
        return result

    def update_agent(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdateAgentInput]
    ) -> UpdateAgentResult:
        """Update an agent; fields that are left out stay. Errors: agent_not_found, agent_type_not_found,
        internal, key_expired, payload_too_large, rate_limited, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: UpdateAgentResult = self._call(_OPERATIONS["updateAgent"], input, options)
        return result

    def delete_agent(
        self, options: CallOptions | None = None, /, **input: Unpack[DeleteAgentInput]
    ) -> None:
        """Delete an agent with its log; its sockets are closed. Errors: agent_not_found, internal, key_expired,
        rate_limited, unauthorized.
        """
        self._call(_OPERATIONS["deleteAgent"], input, options)

    def list_agent_events(
        self, options: CallOptions | None = None, /, **input: Unpack[ListAgentEventsInput]
    ) -> list[ListAgentEventsResultItem]:
        """Events and actions of an agent: oldest first after a cursor, newest first otherwise. Errors:
        agent_not_found, event_not_found, internal, key_expired, rate_limited, unauthorized, validation_error.
        """
        result: list[ListAgentEventsResultItem] = self._call(_OPERATIONS["listAgentEvents"], input, options)
        return result

    def get_market_identity(
        self, options: CallOptions | None = None, /, **input: Unpack[GetMarketIdentityInput]
    ) -> GetMarketIdentityResult:
        """As whom the agent trades. Errors: agent_not_found, internal, key_expired, no_actor, rate_limited,
        unauthorized.
        """
        result: GetMarketIdentityResult = self._call(_OPERATIONS["getMarketIdentity"], input, options)
        return result

    def create_market_identity(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateMarketIdentityInput]
    ) -> CreateMarketIdentityResult1 | CreateMarketIdentityResult2:
        """Give the agent an identity on the marketplace, or let it act again as the one that it has. Errors:
        agent_has_actor, agent_not_found, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: CreateMarketIdentityResult1 | CreateMarketIdentityResult2 = self._call(_OPERATIONS["createMarketIdentity"], input, options)
        return result

    def stop_market_identity(
        self, options: CallOptions | None = None, /, **input: Unpack[StopMarketIdentityInput]
    ) -> StopMarketIdentityResult:
        """The agent acts no more; the actor, its books and its key stay. Errors: agent_not_found, internal,
        key_expired, no_actor, rate_limited, unauthorized.
        """
        result: StopMarketIdentityResult = self._call(_OPERATIONS["stopMarketIdentity"], input, options)
        return result

    def send_agent_message(
        self, options: CallOptions | None = None, /, **input: Unpack[SendAgentMessageInput]
    ) -> SendAgentMessageResult:
        """Send an event to an agent; Accept: text/event-stream streams the actions that answer it. Errors:
        agent_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        invalid_event, key_expired, mailbox_full, payload_too_large, rate_limited, unauthorized,
        unknown_event_type, unsupported_media_type, validation_error.
        """
        result: SendAgentMessageResult = self._call(_OPERATIONS["sendAgentMessage"], input, options)
        return result

    def send_agent_message_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[SendAgentMessageInput]
    ) -> Iterator[StreamEvent]:
        """Send an event to an agent; Accept: text/event-stream streams the actions that answer it. Errors:
        agent_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        invalid_event, key_expired, mailbox_full, payload_too_large, rate_limited, unauthorized,
        unknown_event_type, unsupported_media_type, validation_error.
        """
        return self._stream(_OPERATIONS["sendAgentMessageStream"], input, options)

    def get_agent_state(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentStateInput]
    ) -> GetAgentStateResult:
        """What an agent is linked to, and whether it is idle, waiting or thinking. Errors: agent_not_found,
        internal, key_expired, rate_limited, unauthorized.
        """
        result: GetAgentStateResult = self._call(_OPERATIONS["getAgentState"], input, options)
        return result

    def update_agent_state(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdateAgentStateInput]
    ) -> UpdateAgentStateResult:
        """Link a personality and a system prompt; null unlinks, what is left out stays. Errors: agent_not_found,
        internal, key_expired, payload_too_large, personality_not_found, rate_limited,
        system_prompt_not_found, unauthorized, unsupported_media_type, validation_error.
        """
        result: UpdateAgentStateResult = self._call(_OPERATIONS["updateAgentState"], input, options)
        return result

    def list_personalities(
        self, options: CallOptions | None = None, /, **input: Unpack[ListPersonalitiesInput]
    ) -> list[ListPersonalitiesResultItem]:
        """List your personalities and the shared ones. Errors: internal, key_expired, rate_limited,
        unauthorized, validation_error.
        """
        result: list[ListPersonalitiesResultItem] = self._call(_OPERATIONS["listPersonalities"], input, options)
        return result

    def create_personality(
        self, options: CallOptions | None = None, /, **input: Unpack[CreatePersonalityInput]
    ) -> CreatePersonalityResult:
        """Create a personality. Errors: idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited,
        too_many_personalities, unauthorized, unsupported_media_type, validation_error.
        """
        result: CreatePersonalityResult = self._call(_OPERATIONS["createPersonality"], input, options)
        return result

    def get_personality(
        self, options: CallOptions | None = None, /, **input: Unpack[GetPersonalityInput]
    ) -> GetPersonalityResult:
        """Get a personality. Errors: internal, key_expired, personality_not_found, rate_limited, unauthorized."""
        result: GetPersonalityResult = self._call(_OPERATIONS["getPersonality"], input, options)
        return result

    def update_personality(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdatePersonalityInput]
    ) -> UpdatePersonalityResult:
        """Update a personality; fields that are left out stay. Errors: internal, key_expired, payload_too_large,
        personality_not_found, rate_limited, shared_read_only, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: UpdatePersonalityResult = self._call(_OPERATIONS["updatePersonality"], input, options)
        return result

    def delete_personality(
        self, options: CallOptions | None = None, /, **input: Unpack[DeletePersonalityInput]
    ) -> None:
        """Delete a personality; agents that had it go on without. Errors: internal, key_expired,
        personality_not_found, rate_limited, shared_read_only, unauthorized.
        """
        self._call(_OPERATIONS["deletePersonality"], input, options)

    def list_system_prompts(
        self, options: CallOptions | None = None, /, **input: Unpack[ListSystemPromptsInput]
    ) -> list[ListSystemPromptsResultItem]:
        """List your system prompts and the shared ones. Errors: internal, key_expired, rate_limited,
        unauthorized, validation_error.
        """
        result: list[ListSystemPromptsResultItem] = self._call(_OPERATIONS["listSystemPrompts"], input, options)
        return result

    def create_system_prompt(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateSystemPromptInput]
    ) -> CreateSystemPromptResult:
        """Create a system prompt. Errors: idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited,
        too_many_system_prompts, unauthorized, unsupported_media_type, validation_error.
        """
        result: CreateSystemPromptResult = self._call(_OPERATIONS["createSystemPrompt"], input, options)
        return result

    def get_system_prompt(
        self, options: CallOptions | None = None, /, **input: Unpack[GetSystemPromptInput]
    ) -> GetSystemPromptResult:
        """Get a system prompt. Errors: internal, key_expired, rate_limited, system_prompt_not_found,
        unauthorized.
        """
        result: GetSystemPromptResult = self._call(_OPERATIONS["getSystemPrompt"], input, options)
        return result

    def update_system_prompt(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdateSystemPromptInput]
    ) -> UpdateSystemPromptResult:
        """Update a system prompt; fields that are left out stay. Errors: internal, key_expired,
        payload_too_large, rate_limited, shared_read_only, system_prompt_not_found, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: UpdateSystemPromptResult = self._call(_OPERATIONS["updateSystemPrompt"], input, options)
        return result

    def delete_system_prompt(
        self, options: CallOptions | None = None, /, **input: Unpack[DeleteSystemPromptInput]
    ) -> None:
        """Delete a system prompt; agents that had it go on without. Errors: internal, key_expired, rate_limited,
        shared_read_only, system_prompt_not_found, unauthorized.
        """
        self._call(_OPERATIONS["deleteSystemPrompt"], input, options)

    def create_user(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateUserInput]
    ) -> CreateUserResult:
        """Create a user; the email must be new. Errors: admin_token_required, email_taken,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: CreateUserResult = self._call(_OPERATIONS["createUser"], input, options)
        return result

    def get_user(
        self, options: CallOptions | None = None, /, **input: Unpack[GetUserInput]
    ) -> GetUserResult:
        """Get a user. Errors: admin_token_required, internal, rate_limited, unauthorized, user_not_found."""
        result: GetUserResult = self._call(_OPERATIONS["getUser"], input, options)
        return result

    def update_user(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdateUserInput]
    ) -> UpdateUserResult:
        """Update a user; fields that are left out stay. Errors: admin_token_required, email_taken, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, user_not_found,
        validation_error.
        """
        result: UpdateUserResult = self._call(_OPERATIONS["updateUser"], input, options)
        return result

    def delete_user(
        self, options: CallOptions | None = None, /, **input: Unpack[DeleteUserInput]
    ) -> None:
        """Delete a user with all that it owns; its sockets are closed. Errors: admin_token_required, internal,
        rate_limited, unauthorized, user_not_found.
        """
        self._call(_OPERATIONS["deleteUser"], input, options)

    def list_api_keys(
        self, options: CallOptions | None = None, /, **input: Unpack[ListApiKeysInput]
    ) -> list[ListApiKeysResultItem]:
        """List a user's keys, without the keys themselves. Errors: admin_token_required, internal, rate_limited,
        unauthorized, user_not_found, validation_error.
        """
        result: list[ListApiKeysResultItem] = self._call(_OPERATIONS["listApiKeys"], input, options)
        return result

    def create_api_key(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateApiKeyInput]
    ) -> CreateApiKeyResult:
        """Create a key; the answer is the only one that shows it. Errors: admin_token_required,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large,
        rate_limited, too_many_api_keys, unauthorized, unsupported_media_type, user_not_found,
        validation_error.
        """
        result: CreateApiKeyResult = self._call(_OPERATIONS["createApiKey"], input, options)
        return result

    def delete_api_key(
        self, options: CallOptions | None = None, /, **input: Unpack[DeleteApiKeyInput]
    ) -> None:
        """Delete a key; sockets opened with it are closed. Errors: admin_token_required, api_key_not_found,
        internal, rate_limited, unauthorized.
        """
        self._call(_OPERATIONS["deleteApiKey"], input, options)

    def regenerate_api_key(
        self, options: CallOptions | None = None, /, **input: Unpack[RegenerateApiKeyInput]
    ) -> RegenerateApiKeyResult:
        """Replace a key: a new key with the same id; the old one is dead at once. Errors: admin_token_required,
        api_key_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        rate_limited, unauthorized, validation_error.
        """
        result: RegenerateApiKeyResult = self._call(_OPERATIONS["regenerateApiKey"], input, options)
        return result

    def health(
        self, options: CallOptions | None = None, /, **input: Unpack[HealthInput]
    ) -> HealthResult:
        """State of the server and of what it depends on; strangers see no more than which server it is. Errors:
        admin_token_required, internal, rate_limited, unauthorized.
        """
        result: HealthResult = self._call(_OPERATIONS["health"], input, options)
        return result

    def ready(
        self, options: CallOptions | None = None, /, **input: Unpack[ReadyInput]
    ) -> ReadyResult:
        """200 when requests can be served, else 503. Errors: internal."""
        result: ReadyResult = self._call(_OPERATIONS["ready"], input, options)
        return result


class AsyncAgent(Client):
    async def list_agent_types(
        self, options: CallOptions | None = None, /, **input: Unpack[ListAgentTypesInput]
    ) -> list[ListAgentTypesResultItem]:
        """List agent types; Huma-1 is one. Errors: internal, validation_error."""
        result: list[ListAgentTypesResultItem] = await self._call_async(_OPERATIONS["listAgentTypes"], input, options)
        return result

    async def create_agent_type(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateAgentTypeInput]
    ) -> CreateAgentTypeResult:
        """Create an agent type. Errors: admin_token_required, agent_type_exists, idempotency_answer_lost,
        idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited,
        too_many_agent_types, unauthorized, unsupported_media_type, validation_error.
        """
        result: CreateAgentTypeResult = await self._call_async(_OPERATIONS["createAgentType"], input, options)
        return result

    async def get_agent_type(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentTypeInput]
    ) -> GetAgentTypeResult:
        """Get an agent type. Errors: agent_type_not_found, internal."""
        result: GetAgentTypeResult = await self._call_async(_OPERATIONS["getAgentType"], input, options)
        return result

    async def list_agents(
        self, options: CallOptions | None = None, /, **input: Unpack[ListAgentsInput]
    ) -> list[ListAgentsResultItem]:
        """List your agents. Errors: internal, key_expired, rate_limited, unauthorized, validation_error."""
        result: list[ListAgentsResultItem] = await self._call_async(_OPERATIONS["listAgents"], input, options)
        return result

    async def create_agent(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateAgentInput]
    ) -> CreateAgentResult:
        """Create an agent. Errors: agent_type_not_found, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited, too_many_agents,
        unauthorized, unsupported_media_type, validation_error.
        """
        result: CreateAgentResult = await self._call_async(_OPERATIONS["createAgent"], input, options)
        return result

    async def get_agent(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentInput]
    ) -> GetAgentResult:
        """Get an agent. Errors: agent_not_found, internal, key_expired, rate_limited, unauthorized."""
        result: GetAgentResult = await self._call_async(_OPERATIONS["getAgent"], input, options)
        return result

    async def update_agent(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdateAgentInput]
    ) -> UpdateAgentResult:
        """Update an agent; fields that are left out stay. Errors: agent_not_found, agent_type_not_found,
        internal, key_expired, payload_too_large, rate_limited, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: UpdateAgentResult = await self._call_async(_OPERATIONS["updateAgent"], input, options)
        return result

    async def delete_agent(
        self, options: CallOptions | None = None, /, **input: Unpack[DeleteAgentInput]
    ) -> None:
        """Delete an agent with its log; its sockets are closed. Errors: agent_not_found, internal, key_expired,
        rate_limited, unauthorized.
        """
        await self._call_async(_OPERATIONS["deleteAgent"], input, options)

    async def list_agent_events(
        self, options: CallOptions | None = None, /, **input: Unpack[ListAgentEventsInput]
    ) -> list[ListAgentEventsResultItem]:
        """Events and actions of an agent: oldest first after a cursor, newest first otherwise. Errors:
        agent_not_found, event_not_found, internal, key_expired, rate_limited, unauthorized, validation_error.
        """
        result: list[ListAgentEventsResultItem] = await self._call_async(_OPERATIONS["listAgentEvents"], input, options)
        return result

    async def get_market_identity(
        self, options: CallOptions | None = None, /, **input: Unpack[GetMarketIdentityInput]
    ) -> GetMarketIdentityResult:
        """As whom the agent trades. Errors: agent_not_found, internal, key_expired, no_actor, rate_limited,
        unauthorized.
        """
        result: GetMarketIdentityResult = await self._call_async(_OPERATIONS["getMarketIdentity"], input, options)
        return result

    async def create_market_identity(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateMarketIdentityInput]
    ) -> CreateMarketIdentityResult1 | CreateMarketIdentityResult2:
        """Give the agent an identity on the marketplace, or let it act again as the one that it has. Errors:
        agent_has_actor, agent_not_found, idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: CreateMarketIdentityResult1 | CreateMarketIdentityResult2 = await self._call_async(_OPERATIONS["createMarketIdentity"], input, options)
        return result

    async def stop_market_identity(
        self, options: CallOptions | None = None, /, **input: Unpack[StopMarketIdentityInput]
    ) -> StopMarketIdentityResult:
        """The agent acts no more; the actor, its books and its key stay. Errors: agent_not_found, internal,
        key_expired, no_actor, rate_limited, unauthorized.
        """
        result: StopMarketIdentityResult = await self._call_async(_OPERATIONS["stopMarketIdentity"], input, options)
        return result

    async def send_agent_message(
        self, options: CallOptions | None = None, /, **input: Unpack[SendAgentMessageInput]
    ) -> SendAgentMessageResult:
        """Send an event to an agent; Accept: text/event-stream streams the actions that answer it. Errors:
        agent_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        invalid_event, key_expired, mailbox_full, payload_too_large, rate_limited, unauthorized,
        unknown_event_type, unsupported_media_type, validation_error.
        """
        result: SendAgentMessageResult = await self._call_async(_OPERATIONS["sendAgentMessage"], input, options)
        return result

    def send_agent_message_stream(
        self, options: StreamOptions | None = None, /, **input: Unpack[SendAgentMessageInput]
    ) -> AsyncIterator[StreamEvent]:
        """Send an event to an agent; Accept: text/event-stream streams the actions that answer it. Errors:
        agent_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        invalid_event, key_expired, mailbox_full, payload_too_large, rate_limited, unauthorized,
        unknown_event_type, unsupported_media_type, validation_error.
        """
        return self._stream_async(_OPERATIONS["sendAgentMessageStream"], input, options)

    async def get_agent_state(
        self, options: CallOptions | None = None, /, **input: Unpack[GetAgentStateInput]
    ) -> GetAgentStateResult:
        """What an agent is linked to, and whether it is idle, waiting or thinking. Errors: agent_not_found,
        internal, key_expired, rate_limited, unauthorized.
        """
        result: GetAgentStateResult = await self._call_async(_OPERATIONS["getAgentState"], input, options)
        return result

    async def update_agent_state(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdateAgentStateInput]
    ) -> UpdateAgentStateResult:
        """Link a personality and a system prompt; null unlinks, what is left out stays. Errors: agent_not_found,
        internal, key_expired, payload_too_large, personality_not_found, rate_limited,
        system_prompt_not_found, unauthorized, unsupported_media_type, validation_error.
        """
        result: UpdateAgentStateResult = await self._call_async(_OPERATIONS["updateAgentState"], input, options)
        return result

    async def list_personalities(
        self, options: CallOptions | None = None, /, **input: Unpack[ListPersonalitiesInput]
    ) -> list[ListPersonalitiesResultItem]:
        """List your personalities and the shared ones. Errors: internal, key_expired, rate_limited,
        unauthorized, validation_error.
        """
        result: list[ListPersonalitiesResultItem] = await self._call_async(_OPERATIONS["listPersonalities"], input, options)
        return result

    async def create_personality(
        self, options: CallOptions | None = None, /, **input: Unpack[CreatePersonalityInput]
    ) -> CreatePersonalityResult:
        """Create a personality. Errors: idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited,
        too_many_personalities, unauthorized, unsupported_media_type, validation_error.
        """
        result: CreatePersonalityResult = await self._call_async(_OPERATIONS["createPersonality"], input, options)
        return result

    async def get_personality(
        self, options: CallOptions | None = None, /, **input: Unpack[GetPersonalityInput]
    ) -> GetPersonalityResult:
        """Get a personality. Errors: internal, key_expired, personality_not_found, rate_limited, unauthorized."""
        result: GetPersonalityResult = await self._call_async(_OPERATIONS["getPersonality"], input, options)
        return result

    async def update_personality(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdatePersonalityInput]
    ) -> UpdatePersonalityResult:
        """Update a personality; fields that are left out stay. Errors: internal, key_expired, payload_too_large,
        personality_not_found, rate_limited, shared_read_only, unauthorized, unsupported_media_type,
        validation_error.
        """
        result: UpdatePersonalityResult = await self._call_async(_OPERATIONS["updatePersonality"], input, options)
        return result

    async def delete_personality(
        self, options: CallOptions | None = None, /, **input: Unpack[DeletePersonalityInput]
    ) -> None:
        """Delete a personality; agents that had it go on without. Errors: internal, key_expired,
        personality_not_found, rate_limited, shared_read_only, unauthorized.
        """
        await self._call_async(_OPERATIONS["deletePersonality"], input, options)

    async def list_system_prompts(
        self, options: CallOptions | None = None, /, **input: Unpack[ListSystemPromptsInput]
    ) -> list[ListSystemPromptsResultItem]:
        """List your system prompts and the shared ones. Errors: internal, key_expired, rate_limited,
        unauthorized, validation_error.
        """
        result: list[ListSystemPromptsResultItem] = await self._call_async(_OPERATIONS["listSystemPrompts"], input, options)
        return result

    async def create_system_prompt(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateSystemPromptInput]
    ) -> CreateSystemPromptResult:
        """Create a system prompt. Errors: idempotency_answer_lost, idempotency_in_progress,
        idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited,
        too_many_system_prompts, unauthorized, unsupported_media_type, validation_error.
        """
        result: CreateSystemPromptResult = await self._call_async(_OPERATIONS["createSystemPrompt"], input, options)
        return result

    async def get_system_prompt(
        self, options: CallOptions | None = None, /, **input: Unpack[GetSystemPromptInput]
    ) -> GetSystemPromptResult:
        """Get a system prompt. Errors: internal, key_expired, rate_limited, system_prompt_not_found,
        unauthorized.
        """
        result: GetSystemPromptResult = await self._call_async(_OPERATIONS["getSystemPrompt"], input, options)
        return result

    async def update_system_prompt(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdateSystemPromptInput]
    ) -> UpdateSystemPromptResult:
        """Update a system prompt; fields that are left out stay. Errors: internal, key_expired,
        payload_too_large, rate_limited, shared_read_only, system_prompt_not_found, unauthorized,
        unsupported_media_type, validation_error.
        """
        result: UpdateSystemPromptResult = await self._call_async(_OPERATIONS["updateSystemPrompt"], input, options)
        return result

    async def delete_system_prompt(
        self, options: CallOptions | None = None, /, **input: Unpack[DeleteSystemPromptInput]
    ) -> None:
        """Delete a system prompt; agents that had it go on without. Errors: internal, key_expired, rate_limited,
        shared_read_only, system_prompt_not_found, unauthorized.
        """
        await self._call_async(_OPERATIONS["deleteSystemPrompt"], input, options)

    async def create_user(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateUserInput]
    ) -> CreateUserResult:
        """Create a user; the email must be new. Errors: admin_token_required, email_taken,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large,
        rate_limited, unauthorized, unsupported_media_type, validation_error.
        """
        result: CreateUserResult = await self._call_async(_OPERATIONS["createUser"], input, options)
        return result

    async def get_user(
        self, options: CallOptions | None = None, /, **input: Unpack[GetUserInput]
    ) -> GetUserResult:
        """Get a user. Errors: admin_token_required, internal, rate_limited, unauthorized, user_not_found."""
        result: GetUserResult = await self._call_async(_OPERATIONS["getUser"], input, options)
        return result

    async def update_user(
        self, options: CallOptions | None = None, /, **input: Unpack[UpdateUserInput]
    ) -> UpdateUserResult:
        """Update a user; fields that are left out stay. Errors: admin_token_required, email_taken, internal,
        payload_too_large, rate_limited, unauthorized, unsupported_media_type, user_not_found,
        validation_error.
        """
        result: UpdateUserResult = await self._call_async(_OPERATIONS["updateUser"], input, options)
        return result

    async def delete_user(
        self, options: CallOptions | None = None, /, **input: Unpack[DeleteUserInput]
    ) -> None:
        """Delete a user with all that it owns; its sockets are closed. Errors: admin_token_required, internal,
        rate_limited, unauthorized, user_not_found.
        """
        await self._call_async(_OPERATIONS["deleteUser"], input, options)

    async def list_api_keys(
        self, options: CallOptions | None = None, /, **input: Unpack[ListApiKeysInput]
    ) -> list[ListApiKeysResultItem]:
        """List a user's keys, without the keys themselves. Errors: admin_token_required, internal, rate_limited,
        unauthorized, user_not_found, validation_error.
        """
        result: list[ListApiKeysResultItem] = await self._call_async(_OPERATIONS["listApiKeys"], input, options)
        return result

    async def create_api_key(
        self, options: CallOptions | None = None, /, **input: Unpack[CreateApiKeyInput]
    ) -> CreateApiKeyResult:
        """Create a key; the answer is the only one that shows it. Errors: admin_token_required,
        idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large,
        rate_limited, too_many_api_keys, unauthorized, unsupported_media_type, user_not_found,
        validation_error.
        """
        result: CreateApiKeyResult = await self._call_async(_OPERATIONS["createApiKey"], input, options)
        return result

    async def delete_api_key(
        self, options: CallOptions | None = None, /, **input: Unpack[DeleteApiKeyInput]
    ) -> None:
        """Delete a key; sockets opened with it are closed. Errors: admin_token_required, api_key_not_found,
        internal, rate_limited, unauthorized.
        """
        await self._call_async(_OPERATIONS["deleteApiKey"], input, options)

    async def regenerate_api_key(
        self, options: CallOptions | None = None, /, **input: Unpack[RegenerateApiKeyInput]
    ) -> RegenerateApiKeyResult:
        """Replace a key: a new key with the same id; the old one is dead at once. Errors: admin_token_required,
        api_key_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal,
        rate_limited, unauthorized, validation_error.
        """
        result: RegenerateApiKeyResult = await self._call_async(_OPERATIONS["regenerateApiKey"], input, options)
        return result

    async def health(
        self, options: CallOptions | None = None, /, **input: Unpack[HealthInput]
    ) -> HealthResult:
        """State of the server and of what it depends on; strangers see no more than which server it is. Errors:
        admin_token_required, internal, rate_limited, unauthorized.
        """
        result: HealthResult = await self._call_async(_OPERATIONS["health"], input, options)
        return result

    async def ready(
        self, options: CallOptions | None = None, /, **input: Unpack[ReadyInput]
    ) -> ReadyResult:
        """200 when requests can be served, else 503. Errors: internal."""
        result: ReadyResult = await self._call_async(_OPERATIONS["ready"], input, options)
        return result
