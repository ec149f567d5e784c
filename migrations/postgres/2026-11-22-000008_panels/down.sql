DROP INDEX customer_facts_panel;
ALTER TABLE customer_facts DROP COLUMN panel_id;
DROP TABLE expert_opinions;
DROP TABLE panel_rounds;
DROP TABLE panel_experts;
DROP TABLE expert_panels;
