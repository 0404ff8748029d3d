-- scripts/api/agent/examples.lua -- the examples of the agent API's documentation, for /openapi.json and /docs.
-- Text as it is printed there; ids and times that it leaves open are put in by the schema of the field.

local api = require "human.api"

api.examples {
  ["POST /api/users"] = {
    requests = { [[{"email": "coach@example.com", "name": "Coach Admin"}]] },
    reply = [[{"id": "clx123...", "email": "coach@example.com", "name": "Coach Admin", "createdAt": "2025-11-27T..."}]],
  },
  ["POST /api/users/{userId}/api-keys"] = {
    requests = { [[{"name": "Production Key", "expiresAt": "2026-01-01T00:00:00Z"}]] },
    reply = [[{"id": "clx456...", "key": "ak_Xk9mP2qR4tV6wY8zA1bC3dE5fG7hJ9kL", "keyPreview": "...9kL",
      "name": "Production Key", "createdAt": "2025-11-27T..."}]],
  },
  ["POST /api/personalities"] = {
    requests = {
      [[{"personalityId": "coach-alex", "name": "Coach Alex",
        "description": "Supportive fitness coach, 32, from California",
        "styleInstructions": "Background: Former college athlete, now certified personal trainer with 10+ years ]]
        .. [[experience.\nDemographics: 32 years old, male, California-based.\nCommunication: Warm and motivating. ]]
        .. [[Uses fitness terminology naturally. Occasionally shares personal training stories. Writes in casual, ]]
        .. [[encouraging tone."}]],
    },
  },
  ["POST /api/system-prompts"] = {
    requests = {
      [[{"name": "Fitness Coach Instructions", "promptType": "system",
        "template": "You are a fitness coach helping members with workout plans. Provide advice based on current ]]
        .. [[exercise science. Be supportive and evidence-based."}]],
    },
  },
  ["POST /api/agents"] = {
    requests = {
      [[{"name": "Coach Alex - Gym Chat", "agentTypeId": "<huma-1-type-id>"}]],
      [[{"name": "Coach Alex - Sarah's Session", "description": "1-on-1 coaching session with Sarah",
        "agentTypeId": "<huma-1-type-id>"}]],
    },
    reply = [[{"id": "clx123...", "name": "Coach Alex - Sarah's Session", "status": "active"}]],
  },
  ["PUT /api/agents/{id}/state"] = {
    requests = { [[{"personalityId": "<coach-alex-id>", "systemPromptId": "<fitness-coach-id>"}]] },
  },
  ["POST /api/agents/{id}/messages"] = {
    requests = {
      [[{"type": "new-message", "content": {"message": {"id": "msg-456",
        "content": "I struggle to stay motivated for cardio",
        "participant": {"id": "user-789", "nickname": "Sarah"}, "createdAt": "2025-11-23T10:30:00.000Z",
        "type": "message"}}}]],
    },
  },
}

return {}
