-- Everything that a preparation may find there already, under the kind of instruction that made it.
-- Reads: charities_payee, payments_channel, projects_fund, campaigns_terms, matching_pool,
-- matching_rule. Writes: nothing.
SELECT 'admit-charity', code FROM charities_payee
UNION SELECT 'admit-channel', code FROM payments_channel
UNION SELECT 'open-project', code FROM projects_fund
UNION SELECT 'open-campaign', code FROM campaigns_terms
UNION SELECT 'fund-pool', code FROM matching_pool
UNION SELECT 'publish-rule', code FROM matching_rule
