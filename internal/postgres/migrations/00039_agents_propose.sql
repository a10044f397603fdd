-- +goose Up
-- Agents propose with a tool: those whose tools are listed may still do so.
UPDATE agents SET tools = (tools::jsonb || '["propose_change_set"]'::jsonb)::json WHERE json_array_length(tools) > 0;
