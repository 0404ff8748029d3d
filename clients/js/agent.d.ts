// clients/js/agent.d.ts -- made by `make sdk` from the OpenAPI document; do not edit.
import { CallOptions, Client, StreamEvent, StreamOptions } from './client.js';

/** Codes of errors. */
export type AgentErrorCode =
  | 'admin_token_required'
  | 'agent_has_actor'
  | 'agent_not_found'
  | 'agent_type_exists'
  | 'agent_type_not_found'
  | 'api_key_not_found'
  | 'email_taken'
  | 'event_not_found'
  | 'idempotency_answer_lost'
  | 'idempotency_in_progress'
  | 'idempotency_key_reused'
  | 'internal'
  | 'invalid_event'
  | 'key_expired'
  | 'mailbox_full'
  | 'no_actor'
  | 'payload_too_large'
  | 'personality_not_found'
  | 'rate_limited'
  | 'shared_read_only'
  | 'system_prompt_not_found'
  | 'too_many_agent_types'
  | 'too_many_agents'
  | 'too_many_api_keys'
  | 'too_many_personalities'
  | 'too_many_system_prompts'
  | 'unauthorized'
  | 'unknown_event_type'
  | 'unsupported_media_type'
  | 'user_not_found'
  | 'validation_error';

export type ListAgentTypesInput = {
  after?: string;
  limit?: number;
};
export type ListAgentTypesResult = {
  id: string;
  name: string;
  description: string;
  createdAt: string;
  updatedAt: string;
}[];
export type CreateAgentTypeInput = {
  description?: string;
  name: string;
};
export type CreateAgentTypeResult = {
  id: string;
  name: string;
  description: string;
  createdAt: string;
  updatedAt: string;
};
export type GetAgentTypeInput = {
  id: string;
};
export type GetAgentTypeResult = {
  id: string;
  name: string;
  description: string;
  createdAt: string;
  updatedAt: string;
};
export type ListAgentsInput = {
  after?: string;
  limit?: number;
};
export type ListAgentsResult = Array<{
  id: string;
  name: string;
  description: string;
  status: string;
  agentTypeId: string;
  personalityId: string | null;
  systemPromptId: string | null;
  userId: string;
  settings: {
    /** when it speaks in a group: named, also asked in its field, or when it has something to add */
    speak: "mentioned" | "asked" | "free";
    /** per cent of the talk that may be its own before it keeps to what it is asked by name */
    talkativeness: number;
    /** whom it answers: people, or other agents as well */
    answers: "people" | "everyone";
    /** participant ids that it never answers */
    ignores: string[];
    /** when it says nothing, whoever asks */
    quiet_hours: {
      from: string;
      to: string;
      utc_offset: string;
    } | null;
    /** what it posts when it joins a chat */
    greeting: string | null;
    /** after so much silence since its own last message it may speak once more */
    follow_up_after_s: number | null;
    /** it reacts, and writes nothing */
    reactions_only: boolean;
    /** how long it waits for more lines before it answers what is no whole question */
    debounce_ms: number;
    /** the platform's limit for one message; longer answers are split */
    max_message_chars: number;
    /** it types for so long before each message, with the time that it thought; 0: it posts at once */
    typing_ms_per_char: number;
    /** "name" or "provider/name"; null: the server's own choice */
    model: string | null;
    temperature: number | null;
    reasoning_effort: "minimal" | "low" | "medium" | "high" | null;
    /** that the model may write in one answer */
    max_tokens: number | null;
    /** what it may do; null: everything. It may always stay silent. */
    tools: Array<"send_message" | "send_reply" | "add_reaction" | "remove_reaction"> | null;
    /** with its abilities it only looks things up for people, or does what they ask for */
    abilities: "read" | "act";
    /** participant ids of its owner: alone with them it does what they ask for */
    owners: string[];
    /** a budget: in and out, in the last 24 hours */
    tokens_per_day: number | null;
    /** a budget in millionths of a US dollar, in the last 24 hours, where prices are known */
    cost_per_day_micros: number | null;
  };
  createdAt: string;
  updatedAt: string;
}>;
export type CreateAgentInput = {
  agentTypeId: string;
  description?: string;
  name: string;
  settings?: {
    /** when it speaks in a group: named, also asked in its field, or when it has something to add */
    speak?: "mentioned" | "asked" | "free" | null;
    /** per cent of the talk that may be its own before it keeps to what it is asked by name */
    talkativeness?: number | null;
    /** whom it answers: people, or other agents as well */
    answers?: "people" | "everyone" | null;
    /** participant ids that it never answers; numbers are taken as text */
    ignores?: Array<string | number> | null;
    /** when it says nothing, whoever asks */
    quiet_hours?: {
      from: string;
      to: string;
      utc_offset?: string;
    } | null;
    /** what it posts when it joins a chat */
    greeting?: string | null;
    /** after so much silence since its own last message it may speak once more */
    follow_up_after_s?: number | null;
    /** it reacts, and writes nothing */
    reactions_only?: boolean | null;
    /** how long it waits for more lines before it answers what is no whole question */
    debounce_ms?: number | null;
    /** the platform's limit for one message; longer answers are split */
    max_message_chars?: number | null;
    /** it types for so long before each message, with the time that it thought; 0: it posts at once */
    typing_ms_per_char?: number | null;
    /** "name" or "provider/name"; null: the server's own choice */
    model?: string | null;
    temperature?: number | null;
    reasoning_effort?: "minimal" | "low" | "medium" | "high" | null;
    /** that the model may write in one answer */
    max_tokens?: number | null;
    /** what it may do; null: everything. It may always stay silent. */
    tools?: Array<"send_message" | "send_reply" | "add_reaction" | "remove_reaction"> | null;
    /** with its abilities it only looks things up for people, or does what they ask for */
    abilities?: "read" | "act" | null;
    /** participant ids of its owner; numbers are taken as text */
    owners?: Array<string | number> | null;
    /** a budget: in and out, in the last 24 hours */
    tokens_per_day?: number | null;
    /** a budget in millionths of a US dollar, in the last 24 hours, where prices are known */
    cost_per_day_micros?: number | null;
  };
};
export type CreateAgentResult = {
  id: string;
  name: string;
  description: string;
  status: string;
  agentTypeId: string;
  personalityId: string | null;
  systemPromptId: string | null;
  userId: string;
  settings: {
    /** when it speaks in a group: named, also asked in its field, or when it has something to add */
    speak: "mentioned" | "asked" | "free";
    /** per cent of the talk that may be its own before it keeps to what it is asked by name */
    talkativeness: number;
    /** whom it answers: people, or other agents as well */
    answers: "people" | "everyone";
    /** participant ids that it never answers */
    ignores: string[];
    /** when it says nothing, whoever asks */
    quiet_hours: {
      from: string;
      to: string;
      utc_offset: string;
    } | null;
    /** what it posts when it joins a chat */
    greeting: string | null;
    /** after so much silence since its own last message it may speak once more */
    follow_up_after_s: number | null;
    /** it reacts, and writes nothing */
    reactions_only: boolean;
    /** how long it waits for more lines before it answers what is no whole question */
    debounce_ms: number;
    /** the platform's limit for one message; longer answers are split */
    max_message_chars: number;
    /** it types for so long before each message, with the time that it thought; 0: it posts at once */
    typing_ms_per_char: number;
    /** "name" or "provider/name"; null: the server's own choice */
    model: string | null;
    temperature: number | null;
    reasoning_effort: "minimal" | "low" | "medium" | "high" | null;
    /** that the model may write in one answer */
    max_tokens: number | null;
    /** what it may do; null: everything. It may always stay silent. */
    tools: Array<"send_message" | "send_reply" | "add_reaction" | "remove_reaction"> | null;
    /** with its abilities it only looks things up for people, or does what they ask for */
    abilities: "read" | "act";
    /** participant ids of its owner: alone with them it does what they ask for */
    owners: string[];
    /** a budget: in and out, in the last 24 hours */
    tokens_per_day: number | null;
    /** a budget in millionths of a US dollar, in the last 24 hours, where prices are known */
    cost_per_day_micros: number | null;
  };
  createdAt: string;
  updatedAt: string;
};
export type GetAgentInput = {
  id: string;
};
export type GetAgentResult = {
  id: string;
  name: string;
  description: string;
  status: string;
  agentTypeId: string;
  personalityId: string | null;
  systemPromptId: string | null;
  userId: string;
  settings: {
    /** when it speaks in a group: named, also asked in its field, or when it has something to add */
    speak: "mentioned" | "asked" | "free";
    /** per cent of the talk that may be its own before it keeps to what it is asked by name */
    talkativeness: number;
    /** whom it answers: people, or other agents as well */
    answers: "people" | "everyone";
    /** participant ids that it never answers */
    ignores: string[];
    /** when it says nothing, whoever asks */
    quiet_hours: {
      from: string;
      to: string;
      utc_offset: string;
    } | null;
    /** what it posts when it joins a chat */
    greeting: string | null;
    /** after so much silence since its own last message it may speak once more */
    follow_up_after_s: number | null;
    /** it reacts, and writes nothing */
    reactions_only: boolean;
    /** how long it waits for more lines before it answers what is no whole question */
    debounce_ms: number;
    /** the platform's limit for one message; longer answers are split */
    max_message_chars: number;
    /** it types for so long before each message, with the time that it thought; 0: it posts at once */
    typing_ms_per_char: number;
    /** "name" or "provider/name"; null: the server's own choice */
    model: string | null;
    temperature: number | null;
    reasoning_effort: "minimal" | "low" | "medium" | "high" | null;
    /** that the model may write in one answer */
    max_tokens: number | null;
    /** what it may do; null: everything. It may always stay silent. */
    tools: Array<"send_message" | "send_reply" | "add_reaction" | "remove_reaction"> | null;
    /** with its abilities it only looks things up for people, or does what they ask for */
    abilities: "read" | "act";
    /** participant ids of its owner: alone with them it does what they ask for */
    owners: string[];
    /** a budget: in and out, in the last 24 hours */
    tokens_per_day: number | null;
    /** a budget in millionths of a US dollar, in the last 24 hours, where prices are known */
    cost_per_day_micros: number | null;
  };
  createdAt: string;
  updatedAt: string;
};
export type UpdateAgentInput = {
  id: string;
  agentTypeId?: string;
  description?: string;
  name?: string;
  /** what is left out stays; null makes a setting the default again */
  settings?: {
    /** when it speaks in a group: named, also asked in its field, or when it has something to add */
    speak?: "mentioned" | "asked" | "free" | null;
    /** per cent of the talk that may be its own before it keeps to what it is asked by name */
    talkativeness?: number | null;
    /** whom it answers: people, or other agents as well */
    answers?: "people" | "everyone" | null;
    /** participant ids that it never answers; numbers are taken as text */
    ignores?: Array<string | number> | null;
    /** when it says nothing, whoever asks */
    quiet_hours?: {
      from: string;
      to: string;
      utc_offset?: string;
    } | null;
    /** what it posts when it joins a chat */
    greeting?: string | null;
    /** after so much silence since its own last message it may speak once more */
    follow_up_after_s?: number | null;
    /** it reacts, and writes nothing */
    reactions_only?: boolean | null;
    /** how long it waits for more lines before it answers what is no whole question */
    debounce_ms?: number | null;
    /** the platform's limit for one message; longer answers are split */
    max_message_chars?: number | null;
    /** it types for so long before each message, with the time that it thought; 0: it posts at once */
    typing_ms_per_char?: number | null;
    /** "name" or "provider/name"; null: the server's own choice */
    model?: string | null;
    temperature?: number | null;
    reasoning_effort?: "minimal" | "low" | "medium" | "high" | null;
    /** that the model may write in one answer */
    max_tokens?: number | null;
    /** what it may do; null: everything. It may always stay silent. */
    tools?: Array<"send_message" | "send_reply" | "add_reaction" | "remove_reaction"> | null;
    /** with its abilities it only looks things up for people, or does what they ask for */
    abilities?: "read" | "act" | null;
    /** participant ids of its owner; numbers are taken as text */
    owners?: Array<string | number> | null;
    /** a budget: in and out, in the last 24 hours */
    tokens_per_day?: number | null;
    /** a budget in millionths of a US dollar, in the last 24 hours, where prices are known */
    cost_per_day_micros?: number | null;
  };
  status?: "active" | "paused";
};
export type UpdateAgentResult = {
  id: string;
  name: string;
  description: string;
  status: string;
  agentTypeId: string;
  personalityId: string | null;
  systemPromptId: string | null;
  userId: string;
  settings: {
    /** when it speaks in a group: named, also asked in its field, or when it has something to add */
    speak: "mentioned" | "asked" | "free";
    /** per cent of the talk that may be its own before it keeps to what it is asked by name */
    talkativeness: number;
    /** whom it answers: people, or other agents as well */
    answers: "people" | "everyone";
    /** participant ids that it never answers */
    ignores: string[];
    /** when it says nothing, whoever asks */
    quiet_hours: {
      from: string;
      to: string;
      utc_offset: string;
    } | null;
    /** what it posts when it joins a chat */
    greeting: string | null;
    /** after so much silence since its own last message it may speak once more */
    follow_up_after_s: number | null;
    /** it reacts, and writes nothing */
    reactions_only: boolean;
    /** how long it waits for more lines before it answers what is no whole question */
    debounce_ms: number;
    /** the platform's limit for one message; longer answers are split */
    max_message_chars: number;
    /** it types for so long before each message, with the time that it thought; 0: it posts at once */
    typing_ms_per_char: number;
    /** "name" or "provider/name"; null: the server's own choice */
    model: string | null;
    temperature: number | null;
    reasoning_effort: "minimal" | "low" | "medium" | "high" | null;
    /** that the model may write in one answer */
    max_tokens: number | null;
    /** what it may do; null: everything. It may always stay silent. */
    tools: Array<"send_message" | "send_reply" | "add_reaction" | "remove_reaction"> | null;
    /** with its abilities it only looks things up for people, or does what they ask for */
    abilities: "read" | "act";
    /** participant ids of its owner: alone with them it does what they ask for */
    owners: string[];
    /** a budget: in and out, in the last 24 hours */
    tokens_per_day: number | null;
    /** a budget in millionths of a US dollar, in the last 24 hours, where prices are known */
    cost_per_day_micros: number | null;
  };
  createdAt: string;
  updatedAt: string;
};
export type DeleteAgentInput = {
  id: string;
};
export type ListAgentEventsInput = {
  id: string;
  after?: string;
  before?: string;
  direction?: "in" | "out";
  limit?: number;
  type?: string;
};
export type ListAgentEventsResult = Array<{
  id: string;
  agentId: string;
  direction: "in" | "out";
  type: string;
  content: unknown;
  /** of actions: 1, 2, 3, .. without gaps */
  seq?: number;
  runId: string | null;
  createdAt: string;
}>;
export type GetMarketIdentityInput = {
  id: string;
};
export type GetMarketIdentityResult = {
  agentId: string;
  actorId: string;
  displayName: string;
  /** false: it was stopped, and the agent has no tools of the marketplace */
  acts: boolean;
  state: "active" | "frozen" | "banned";
  tier: number;
  autonomy: number;
  rcBalance: number;
  createdAt: string;
};
export type CreateMarketIdentityInput = {
  id: string;
  /** Without it, the name of the agent */
  displayName?: string;
  capabilityTags?: string[];
  framework?: "openclaw" | "langgraph" | "custom";
};
export type CreateMarketIdentityResult = {
  agentId: string;
  actorId: string;
  displayName: string;
  /** false: it was stopped, and the agent has no tools of the marketplace */
  acts: boolean;
  state: "active" | "frozen" | "banned";
  tier: number;
  autonomy: number;
  rcBalance: number;
  createdAt: string;
} | {
  agentId: string;
  actorId: string;
  /** Of the actor, for whoever watches over it; shown this once. The agent needs none */
  apiKey: string;
  rcBalance: number;
  tier: number;
  isFounding: boolean;
  referralCode: string;
};
export type StopMarketIdentityInput = {
  id: string;
};
export type StopMarketIdentityResult = {
  agentId: string;
  actorId: string;
  displayName: string;
  /** false: it was stopped, and the agent has no tools of the marketplace */
  acts: boolean;
  state: "active" | "frozen" | "banned";
  tier: number;
  autonomy: number;
  rcBalance: number;
  createdAt: string;
};
export type SendAgentMessageInput = {
  id: string;
  type: "agent-joined";
  content: {
    chatCode: string | number;
    /** One of them at most with self: true */
    participants: Array<{
      id: string | number;
      nickname: string;
      isAgent?: boolean | null;
      self?: boolean | null;
      handles?: Array<string | number> | null;
    }>;
  };
} | {
  id: string;
  type: "agent-joined";
  chatCode: string | number;
  /** One of them at most with self: true */
  participants: Array<{
    id: string | number;
    nickname: string;
    isAgent?: boolean | null;
    self?: boolean | null;
    handles?: Array<string | number> | null;
  }>;
} | {
  id: string;
  type: "new-message";
  content: {
    message: {
      id: string | number;
      content: string;
      participant: {
        id: string | number;
        nickname: string;
        isAgent?: boolean | null;
        self?: boolean | null;
        handles?: Array<string | number> | null;
      };
      createdAt: string | number;
      type?: string | null;
      replyTo?: string | number | null;
      /** Ids or handles of who is meant */
      mentions?: Array<string | number> | null;
      attachments?: Array<{
        /** An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64 */
        url: string;
        type?: string | null;
        mediaType?: string | null;
        name?: string | null;
      } | {
        /** Such an image in base64; JPEG, GIF and WebP are taken as well */
        data: string;
        type?: string | null;
        mediaType?: string | null;
        name?: string | null;
      }> | null;
    } | {
      id: string | number;
      content?: string | null;
      participant: {
        id: string | number;
        nickname: string;
        isAgent?: boolean | null;
        self?: boolean | null;
        handles?: Array<string | number> | null;
      };
      createdAt: string | number;
      type?: string | null;
      replyTo?: string | number | null;
      /** Ids or handles of who is meant */
      mentions?: Array<string | number> | null;
      attachments: Array<{
        /** An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64 */
        url: string;
        type?: string | null;
        mediaType?: string | null;
        name?: string | null;
      } | {
        /** Such an image in base64; JPEG, GIF and WebP are taken as well */
        data: string;
        type?: string | null;
        mediaType?: string | null;
        name?: string | null;
      }>;
    };
  };
} | {
  id: string;
  type: "new-message";
  message: {
    id: string | number;
    content: string;
    participant: {
      id: string | number;
      nickname: string;
      isAgent?: boolean | null;
      self?: boolean | null;
      handles?: Array<string | number> | null;
    };
    createdAt: string | number;
    type?: string | null;
    replyTo?: string | number | null;
    /** Ids or handles of who is meant */
    mentions?: Array<string | number> | null;
    attachments?: Array<{
      /** An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64 */
      url: string;
      type?: string | null;
      mediaType?: string | null;
      name?: string | null;
    } | {
      /** Such an image in base64; JPEG, GIF and WebP are taken as well */
      data: string;
      type?: string | null;
      mediaType?: string | null;
      name?: string | null;
    }> | null;
  } | {
    id: string | number;
    content?: string | null;
    participant: {
      id: string | number;
      nickname: string;
      isAgent?: boolean | null;
      self?: boolean | null;
      handles?: Array<string | number> | null;
    };
    createdAt: string | number;
    type?: string | null;
    replyTo?: string | number | null;
    /** Ids or handles of who is meant */
    mentions?: Array<string | number> | null;
    attachments: Array<{
      /** An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64 */
      url: string;
      type?: string | null;
      mediaType?: string | null;
      name?: string | null;
    } | {
      /** Such an image in base64; JPEG, GIF and WebP are taken as well */
      data: string;
      type?: string | null;
      mediaType?: string | null;
      name?: string | null;
    }>;
  };
} | {
  id: string;
  type: "message-edited";
  content: {
    messageId: string | number;
    /** The text as it is now */
    content: string;
    editedAt?: string | number | null;
    /** Ids or handles of who is meant */
    mentions?: Array<string | number> | null;
  };
} | {
  id: string;
  type: "message-edited";
  messageId: string | number;
  /** The text as it is now */
  content: string;
  editedAt?: string | number | null;
  /** Ids or handles of who is meant */
  mentions?: Array<string | number> | null;
} | {
  id: string;
  type: "message-deleted";
  content: {
    messageId: string | number;
  };
} | {
  id: string;
  type: "message-deleted";
  messageId: string | number;
} | {
  id: string;
  type: "user-joined";
  content: {
    participant: {
      id: string | number;
      nickname: string;
      isAgent?: boolean | null;
      self?: boolean | null;
      handles?: Array<string | number> | null;
    };
  };
} | {
  id: string;
  type: "user-joined";
  participant: {
    id: string | number;
    nickname: string;
    isAgent?: boolean | null;
    self?: boolean | null;
    handles?: Array<string | number> | null;
  };
} | {
  id: string;
  type: "user-left";
  content: {
    participant: {
      id: string | number;
      nickname?: string | null;
    };
  };
} | {
  id: string;
  type: "user-left";
  participant: {
    id: string | number;
    nickname?: string | null;
  };
} | {
  id: string;
  type: "user-typing";
  content: {
    nickname: string;
    participantId: string | number;
  };
} | {
  id: string;
  type: "user-typing";
  nickname: string;
  participantId: string | number;
} | {
  id: string;
  type: "reaction";
  content: {
    action?: "add" | "remove" | null;
    /** one emoji, or one of the platform's own as :name: or <:name:id> */
    emoji: string;
    messageId: string | number;
    participant: {
      id: string | number;
      nickname: string;
      isAgent?: boolean | null;
      self?: boolean | null;
      handles?: Array<string | number> | null;
    };
  };
} | {
  id: string;
  type: "reaction";
  action?: "add" | "remove" | null;
  /** one emoji, or one of the platform's own as :name: or <:name:id> */
  emoji: string;
  messageId: string | number;
  participant: {
    id: string | number;
    nickname: string;
    isAgent?: boolean | null;
    self?: boolean | null;
    handles?: Array<string | number> | null;
  };
} | {
  id: string;
  type: "timer-expired";
  content: {
    expiresAt: string | number;
  };
} | {
  id: string;
  type: "timer-expired";
  expiresAt: string | number;
};
export type SendAgentMessageResult = {
  eventId: string;
  duplicate?: boolean;
};
export type GetAgentStateInput = {
  id: string;
};
export type GetAgentStateResult = {
  agentId: string;
  personalityId: string | null;
  personality: {
    id: string;
    personalityId: string;
    name: string;
  } | null;
  systemPromptId: string | null;
  systemPrompt: {
    id: string;
    name: string;
  } | null;
  status: "idle" | "waiting" | "thinking";
  runId: string | null;
  lastEventAt: string | null;
  chatCode: string | null;
  /** when the platform's time limit ended the session */
  expiredAt: string | null;
  counters: {
    eventsIn: number;
    actionsOut: number;
    runs: number;
    inputTokens: number;
    outputTokens: number;
    /** millionths of a US dollar, where prices are known */
    costMicros: number;
  };
  updatedAt: string;
};
export type UpdateAgentStateInput = {
  id: string;
  /** a personality's id or its personalityId; null unlinks */
  personalityId?: string | null;
  systemPromptId?: string | null;
};
export type UpdateAgentStateResult = {
  agentId: string;
  personalityId: string | null;
  personality: {
    id: string;
    personalityId: string;
    name: string;
  } | null;
  systemPromptId: string | null;
  systemPrompt: {
    id: string;
    name: string;
  } | null;
  status: "idle" | "waiting" | "thinking";
  runId: string | null;
  lastEventAt: string | null;
  chatCode: string | null;
  /** when the platform's time limit ended the session */
  expiredAt: string | null;
  counters: {
    eventsIn: number;
    actionsOut: number;
    runs: number;
    inputTokens: number;
    outputTokens: number;
    /** millionths of a US dollar, where prices are known */
    costMicros: number;
  };
  updatedAt: string;
};
export type ListPersonalitiesInput = {
  after?: string;
  limit?: number;
};
export type ListPersonalitiesResult = Array<{
  id: string;
  personalityId: string;
  name: string;
  description: string;
  styleInstructions: string;
  /** null: shared, read-only for everybody */
  userId: string | null;
  createdAt: string;
  updatedAt: string;
}>;
export type CreatePersonalityInput = {
  description?: string;
  name: string;
  /** your own name for it, such as coach-alex */
  personalityId?: string;
  styleInstructions?: string;
};
export type CreatePersonalityResult = {
  id: string;
  personalityId: string;
  name: string;
  description: string;
  styleInstructions: string;
  /** null: shared, read-only for everybody */
  userId: string | null;
  createdAt: string;
  updatedAt: string;
};
export type GetPersonalityInput = {
  id: string;
};
export type GetPersonalityResult = {
  id: string;
  personalityId: string;
  name: string;
  description: string;
  styleInstructions: string;
  /** null: shared, read-only for everybody */
  userId: string | null;
  createdAt: string;
  updatedAt: string;
};
export type UpdatePersonalityInput = {
  id: string;
  description?: string;
  name?: string;
  personalityId?: string;
  styleInstructions?: string;
};
export type UpdatePersonalityResult = {
  id: string;
  personalityId: string;
  name: string;
  description: string;
  styleInstructions: string;
  /** null: shared, read-only for everybody */
  userId: string | null;
  createdAt: string;
  updatedAt: string;
};
export type DeletePersonalityInput = {
  id: string;
};
export type ListSystemPromptsInput = {
  after?: string;
  limit?: number;
};
export type ListSystemPromptsResult = Array<{
  id: string;
  name: string;
  promptType: string;
  template: string;
  /** null: shared, read-only for everybody */
  userId: string | null;
  createdAt: string;
  updatedAt: string;
}>;
export type CreateSystemPromptInput = {
  name: string;
  promptType?: "system";
  /** may hold {{agent.name}}, {{personality.name}} and {{chat.code}}; {{participants}} and {{now}} refer to the chat, where they are told */
  template: string;
};
export type CreateSystemPromptResult = {
  id: string;
  name: string;
  promptType: string;
  template: string;
  /** null: shared, read-only for everybody */
  userId: string | null;
  createdAt: string;
  updatedAt: string;
};
export type GetSystemPromptInput = {
  id: string;
};
export type GetSystemPromptResult = {
  id: string;
  name: string;
  promptType: string;
  template: string;
  /** null: shared, read-only for everybody */
  userId: string | null;
  createdAt: string;
  updatedAt: string;
};
export type UpdateSystemPromptInput = {
  id: string;
  name?: string;
  promptType?: "system";
  template?: string;
};
export type UpdateSystemPromptResult = {
  id: string;
  name: string;
  promptType: string;
  template: string;
  /** null: shared, read-only for everybody */
  userId: string | null;
  createdAt: string;
  updatedAt: string;
};
export type DeleteSystemPromptInput = {
  id: string;
};
export type CreateUserInput = {
  /** An e-mail address */
  email: string;
  name?: string;
};
export type CreateUserResult = {
  id: string;
  email: string;
  name: string | null;
  createdAt: string;
  updatedAt: string;
};
export type GetUserInput = {
  id: string;
};
export type GetUserResult = {
  id: string;
  email: string;
  name: string | null;
  createdAt: string;
  updatedAt: string;
};
export type UpdateUserInput = {
  id: string;
  /** An e-mail address */
  email?: string;
  name?: string;
};
export type UpdateUserResult = {
  id: string;
  email: string;
  name: string | null;
  createdAt: string;
  updatedAt: string;
};
export type DeleteUserInput = {
  id: string;
};
export type ListApiKeysInput = {
  userId: string;
  after?: string;
  limit?: number;
};
export type ListApiKeysResult = Array<{
  id: string;
  name: string;
  keyPreview: string;
  expiresAt: string | null;
  createdAt: string;
  updatedAt: string;
}>;
export type CreateApiKeyInput = {
  userId: string;
  expiresAt?: string | null;
  name?: string;
};
export type CreateApiKeyResult = {
  id: string;
  /** Shown this once; only its hash is kept. */
  key: string;
  keyPreview: string;
  name: string;
  expiresAt: string | null;
  createdAt: string;
  updatedAt: string;
};
export type DeleteApiKeyInput = {
  userId: string;
  keyId: string;
};
export type RegenerateApiKeyInput = {
  userId: string;
  keyId: string;
};
export type RegenerateApiKeyResult = {
  id: string;
  /** Shown this once; only its hash is kept. */
  key: string;
  keyPreview: string;
  name: string;
  expiresAt: string | null;
  createdAt: string;
  updatedAt: string;
};
export type HealthInput = Record<string, never>;
export type HealthResult = {
  /** degraded: requests fail, problems says why */
  status: "ok" | "degraded";
  /** of the API; whoever sees more sees the server's own */
  version?: string;
  /** another one at each start: whoever means a certain server compares it */
  instance?: string;
  problems?: string[];
  /** up, or what is the case */
  database?: "up" | "starting" | "unreachable" | "read_only" | "stuck" | "full" | "refused";
  /** keys belong to it; another database has another one */
  database_id?: string;
  /** hash of the script bundle in service */
  scripts?: string;
  /** the last reload's verdict */
  reload?: "accepted" | "refused";
  worker?: number;
  workers?: number;
  uptime_s?: number;
  llm?: {
    provider: string;
    model: string | null;
    /** false: the built-in rules answer, not a language model */
    language_model: boolean;
    /** true: the built-in rules answer since llm.provider says so */
    chosen?: boolean;
    problem: string | null;
  };
};
export type ReadyInput = Record<string, never>;
export type ReadyResult = {
  ready: boolean;
  reasons: Array<"starting" | "draining" | "database_unavailable">;
  /** up, or what is the case */
  database: "up" | "starting" | "unreachable" | "read_only" | "stuck" | "full" | "refused";
};

/** Lists that each() reads page by page. */
export interface AgentPages {
}

export interface Agent {
  /** List agent types; Huma-1 is one. Errors: internal, validation_error. */
  listAgentTypes(input?: ListAgentTypesInput, options?: CallOptions): Promise<ListAgentTypesResult>;
  /** Create an agent type. Errors: admin_token_required, agent_type_exists, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, too_many_agent_types, unauthorized, unsupported_media_type, validation_error. */
  createAgentType(input: CreateAgentTypeInput, options?: CallOptions): Promise<CreateAgentTypeResult>;
  /** Get an agent type. Errors: agent_type_not_found, internal. */
  getAgentType(input: GetAgentTypeInput, options?: CallOptions): Promise<GetAgentTypeResult>;
  /** List your agents. Errors: internal, key_expired, rate_limited, unauthorized, validation_error. */
  listAgents(input?: ListAgentsInput, options?: CallOptions): Promise<ListAgentsResult>;
  /** Create an agent. Errors: agent_type_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited, too_many_agents, unauthorized, unsupported_media_type, validation_error. */
  createAgent(input: CreateAgentInput, options?: CallOptions): Promise<CreateAgentResult>;
  /** Get an agent. Errors: agent_not_found, internal, key_expired, rate_limited, unauthorized. */
  getAgent(input: GetAgentInput, options?: CallOptions): Promise<GetAgentResult>;
  /** Update an agent; fields that are left out stay. Errors: agent_not_found, agent_type_not_found, internal, key_expired, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  updateAgent(input: UpdateAgentInput, options?: CallOptions): Promise<UpdateAgentResult>;
  /** Delete an agent with its log; its sockets are closed. Errors: agent_not_found, internal, key_expired, rate_limited, unauthorized. */
  deleteAgent(input: DeleteAgentInput, options?: CallOptions): Promise<void>;
  /** Events and actions of an agent: oldest first after a cursor, newest first otherwise. Errors: agent_not_found, event_not_found, internal, key_expired, rate_limited, unauthorized, validation_error. */
  listAgentEvents(input: ListAgentEventsInput, options?: CallOptions): Promise<ListAgentEventsResult>;
  /** As whom the agent trades. Errors: agent_not_found, internal, key_expired, no_actor, rate_limited, unauthorized. */
  getMarketIdentity(input: GetMarketIdentityInput, options?: CallOptions): Promise<GetMarketIdentityResult>;
  /** Give the agent an identity on the marketplace, or let it act again as the one that it has. Errors: agent_has_actor, agent_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  createMarketIdentity(input: CreateMarketIdentityInput, options?: CallOptions): Promise<CreateMarketIdentityResult>;
  /** The agent acts no more; the actor, its books and its key stay. Errors: agent_not_found, internal, key_expired, no_actor, rate_limited, unauthorized. */
  stopMarketIdentity(input: StopMarketIdentityInput, options?: CallOptions): Promise<StopMarketIdentityResult>;
  /** Send an event to an agent; Accept: text/event-stream streams the actions that answer it. Errors: agent_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_event, key_expired, mailbox_full, payload_too_large, rate_limited, unauthorized, unknown_event_type, unsupported_media_type, validation_error. */
  sendAgentMessage(input: SendAgentMessageInput, options?: CallOptions): Promise<SendAgentMessageResult>;
  /** Send an event to an agent; Accept: text/event-stream streams the actions that answer it. Errors: agent_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, invalid_event, key_expired, mailbox_full, payload_too_large, rate_limited, unauthorized, unknown_event_type, unsupported_media_type, validation_error. */
  sendAgentMessageStream(input: SendAgentMessageInput, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;
  /** What an agent is linked to, and whether it is idle, waiting or thinking. Errors: agent_not_found, internal, key_expired, rate_limited, unauthorized. */
  getAgentState(input: GetAgentStateInput, options?: CallOptions): Promise<GetAgentStateResult>;
  /** Link a personality and a system prompt; null unlinks, what is left out stays. Errors: agent_not_found, internal, key_expired, payload_too_large, personality_not_found, rate_limited, system_prompt_not_found, unauthorized, unsupported_media_type, validation_error. */
  updateAgentState(input: UpdateAgentStateInput, options?: CallOptions): Promise<UpdateAgentStateResult>;
  /** List your personalities and the shared ones. Errors: internal, key_expired, rate_limited, unauthorized, validation_error. */
  listPersonalities(input?: ListPersonalitiesInput, options?: CallOptions): Promise<ListPersonalitiesResult>;
  /** Create a personality. Errors: idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited, too_many_personalities, unauthorized, unsupported_media_type, validation_error. */
  createPersonality(input: CreatePersonalityInput, options?: CallOptions): Promise<CreatePersonalityResult>;
  /** Get a personality. Errors: internal, key_expired, personality_not_found, rate_limited, unauthorized. */
  getPersonality(input: GetPersonalityInput, options?: CallOptions): Promise<GetPersonalityResult>;
  /** Update a personality; fields that are left out stay. Errors: internal, key_expired, payload_too_large, personality_not_found, rate_limited, shared_read_only, unauthorized, unsupported_media_type, validation_error. */
  updatePersonality(input: UpdatePersonalityInput, options?: CallOptions): Promise<UpdatePersonalityResult>;
  /** Delete a personality; agents that had it go on without. Errors: internal, key_expired, personality_not_found, rate_limited, shared_read_only, unauthorized. */
  deletePersonality(input: DeletePersonalityInput, options?: CallOptions): Promise<void>;
  /** List your system prompts and the shared ones. Errors: internal, key_expired, rate_limited, unauthorized, validation_error. */
  listSystemPrompts(input?: ListSystemPromptsInput, options?: CallOptions): Promise<ListSystemPromptsResult>;
  /** Create a system prompt. Errors: idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, key_expired, payload_too_large, rate_limited, too_many_system_prompts, unauthorized, unsupported_media_type, validation_error. */
  createSystemPrompt(input: CreateSystemPromptInput, options?: CallOptions): Promise<CreateSystemPromptResult>;
  /** Get a system prompt. Errors: internal, key_expired, rate_limited, system_prompt_not_found, unauthorized. */
  getSystemPrompt(input: GetSystemPromptInput, options?: CallOptions): Promise<GetSystemPromptResult>;
  /** Update a system prompt; fields that are left out stay. Errors: internal, key_expired, payload_too_large, rate_limited, shared_read_only, system_prompt_not_found, unauthorized, unsupported_media_type, validation_error. */
  updateSystemPrompt(input: UpdateSystemPromptInput, options?: CallOptions): Promise<UpdateSystemPromptResult>;
  /** Delete a system prompt; agents that had it go on without. Errors: internal, key_expired, rate_limited, shared_read_only, system_prompt_not_found, unauthorized. */
  deleteSystemPrompt(input: DeleteSystemPromptInput, options?: CallOptions): Promise<void>;
  /** Create a user; the email must be new. Errors: admin_token_required, email_taken, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type, validation_error. */
  createUser(input: CreateUserInput, options?: CallOptions): Promise<CreateUserResult>;
  /** Get a user. Errors: admin_token_required, internal, rate_limited, unauthorized, user_not_found. */
  getUser(input: GetUserInput, options?: CallOptions): Promise<GetUserResult>;
  /** Update a user; fields that are left out stay. Errors: admin_token_required, email_taken, internal, payload_too_large, rate_limited, unauthorized, unsupported_media_type, user_not_found, validation_error. */
  updateUser(input: UpdateUserInput, options?: CallOptions): Promise<UpdateUserResult>;
  /** Delete a user with all that it owns; its sockets are closed. Errors: admin_token_required, internal, rate_limited, unauthorized, user_not_found. */
  deleteUser(input: DeleteUserInput, options?: CallOptions): Promise<void>;
  /** List a user's keys, without the keys themselves. Errors: admin_token_required, internal, rate_limited, unauthorized, user_not_found, validation_error. */
  listApiKeys(input: ListApiKeysInput, options?: CallOptions): Promise<ListApiKeysResult>;
  /** Create a key; the answer is the only one that shows it. Errors: admin_token_required, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, payload_too_large, rate_limited, too_many_api_keys, unauthorized, unsupported_media_type, user_not_found, validation_error. */
  createApiKey(input: CreateApiKeyInput, options?: CallOptions): Promise<CreateApiKeyResult>;
  /** Delete a key; sockets opened with it are closed. Errors: admin_token_required, api_key_not_found, internal, rate_limited, unauthorized. */
  deleteApiKey(input: DeleteApiKeyInput, options?: CallOptions): Promise<void>;
  /** Replace a key: a new key with the same id; the old one is dead at once. Errors: admin_token_required, api_key_not_found, idempotency_answer_lost, idempotency_in_progress, idempotency_key_reused, internal, rate_limited, unauthorized, validation_error. */
  regenerateApiKey(input: RegenerateApiKeyInput, options?: CallOptions): Promise<RegenerateApiKeyResult>;
  /** State of the server and of what it depends on; strangers see no more than which server it is. Errors: admin_token_required, internal, rate_limited, unauthorized. */
  health(input?: HealthInput, options?: CallOptions): Promise<HealthResult>;
  /** 200 when requests can be served, else 503. Errors: internal. */
  ready(input?: ReadyInput, options?: CallOptions): Promise<ReadyResult>;
}

export class Agent extends Client {}
