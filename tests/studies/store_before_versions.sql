BEGIN TRANSACTION;
CREATE TABLE advisor_curves (
	study_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	tokens BIGINT NOT NULL, 
	flops DOUBLE NOT NULL, 
	seconds DOUBLE NOT NULL, 
	train_loss DOUBLE, 
	validation_loss DOUBLE, 
	learning_rate DOUBLE NOT NULL, 
	PRIMARY KEY (study_id, number, step)
);
INSERT INTO "advisor_curves" VALUES(1,0,1,8589934592,3.3333333333333331201e+17,1.42857142857142849212e-01,5.0,NULL,0.001);
INSERT INTO "advisor_curves" VALUES(1,0,2,17179869184,6.66666666666666624021e+17,2.85714285714285698425e-01,2.5,NULL,0.0005);
INSERT INTO "advisor_curves" VALUES(1,0,3,25769803776,1.0e+18,4.28571428571428547638e-01,1.66666666666666674068e+00,NULL,3.33333333333333322202e-04);
CREATE TABLE advisor_leases (
	study_id INTEGER NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	boot_id VARCHAR(64) NOT NULL, 
	pid INTEGER NOT NULL, 
	started DOUBLE NOT NULL, 
	PRIMARY KEY (study_id)
);
CREATE TABLE advisor_running (
	study_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	params TEXT NOT NULL, 
	PRIMARY KEY (study_id)
);
CREATE TABLE advisor_schema (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "advisor_schema" VALUES(1);
CREATE TABLE advisor_studies (
	study_id INTEGER NOT NULL, 
	name VARCHAR(512) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	budget_seconds DOUBLE NOT NULL, 
	spent_seconds DOUBLE NOT NULL, 
	tokens_per_trial BIGINT NOT NULL, 
	settings TEXT NOT NULL, 
	space TEXT NOT NULL, 
	provenance TEXT NOT NULL, 
	importances TEXT NOT NULL, 
	PRIMARY KEY (study_id), 
	UNIQUE (name)
);
INSERT INTO "advisor_studies" VALUES(1,'of old','FINISHED',60.0,13.5,0,'{"name": "of old", "budget_seconds": 60.0, "store": "runs/advisor.db", "space": "decoder-small", "data": "pydoc", "tokenizer": "bytes", "seed": 0, "device": {"name": "cpu", "threads": 1}, "memory_bytes": 1073741824, "max_trials": null, "target": {"gpu": "RTX 4090"}, "command": ""}','{"family": "decoder"}','{"command": "advisor tune", "created": "2026-11-01T00:00:00.000+00:00", "versions": {"python": "3.11"}, "device": {"name": "CPU"}, "data": {"name": "pydoc"}, "seed": 0}','{}');
CREATE TABLE advisor_sweeps (
	study_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	sweep TEXT NOT NULL, 
	PRIMARY KEY (study_id, number)
);
INSERT INTO "advisor_sweeps" VALUES(1,0,'{"point": {"d_model": 32}, "learning_rates": [1e-05, 0.0001, 0.001], "losses": [5.5, NaN, Infinity], "smoothed": [5.5, 5.0, 4.9], "rules": {"drop70": 0.001}, "low": 0.0001, "high": 0.01, "verdict": "they agree", "agrees": true, "restored": true, "seconds": 1.0}');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'of old');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MINIMIZE',1,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_intermediate_values" VALUES(1,1,1,3.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,1,2,3.33333333333333314829e-01,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(3,2,1,3.1,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,2,2,3.33333333333333314829e-01,'FINITE');
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'learning_rate',3.33333333333333322202e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(2,1,'d_model',48.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 48}}');
INSERT INTO "trial_params" VALUES(3,1,'batch',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [4, 8]}}');
INSERT INTO "trial_params" VALUES(4,2,'learning_rate',3.33333333333333322202e-04,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0001, "high": 0.1, "log": true}}');
INSERT INTO "trial_params" VALUES(5,2,'d_model',48.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 16, "low": 16, "high": 48}}');
INSERT INTO "trial_params" VALUES(6,2,'batch',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": [4, 8]}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'run','{"role": "search", "reason": "", "message": "", "point": {"learning_rate": 0.0003333333333333333, "d_model": 48}, "parameters": 12345, "flops": 333333333333.3333, "memory_bytes": 8589934592, "measured_memory_bytes": null, "tokens": 1099511627776, "seconds": 1.25, "started": 10.5, "seed": 7}');
INSERT INTO "trial_user_attributes" VALUES(2,2,'run','{"role": "search", "reason": "", "message": "", "point": {"learning_rate": 0.0003333333333333333, "d_model": 48}, "parameters": 12345, "flops": 333333333333.3333, "memory_bytes": 8589934592, "measured_memory_bytes": null, "tokens": 1099511627776, "seconds": 1.25, "started": 10.5, "seed": 7}');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,2.5,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-21 11:08:04.409177','2026-11-21 11:08:04.409177');
INSERT INTO "trials" VALUES(2,1,1,'FAIL','2026-11-21 11:08:04.426724','2026-11-21 11:08:04.426724');
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
