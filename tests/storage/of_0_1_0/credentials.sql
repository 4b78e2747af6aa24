BEGIN TRANSACTION;
CREATE TABLE credentials (name, description, base_url, allow_host, store, handle, added, verified_at, tested_at, tested_code, used_at, PRIMARY KEY (name));
INSERT INTO "credentials" VALUES('acme','',NULL,NULL,'file','acme 00','2026-01-31T09:30:00+00:00',NULL,NULL,NULL,NULL);
COMMIT;
