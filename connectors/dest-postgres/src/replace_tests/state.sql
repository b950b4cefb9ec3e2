-- What the catalogue says of all that is in the schema of the search path, but not the rows: one line for each thing.
WITH things AS (SELECT c.*, c.oid::regclass::text AS shown FROM pg_class c WHERE relnamespace = current_schema()::regnamespace)
SELECT 'relation ' || shown || concat_ws(' ', ' kind', relkind, relpersistence, 'owner', relowner::regrole, 'options', (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o),
        'toast', (SELECT array_agg(o ORDER BY o) FROM pg_class x, unnest(x.reloptions) o WHERE x.oid = things.reltoastrelid), 'tablespace', reltablespace, 'method', relam, 'rls', relrowsecurity, relforcerowsecurity,
        'identity', relreplident, 'comment', obj_description(oid, 'pg_class')) AS line FROM things
UNION ALL SELECT 'privileges ' || shown || ' ' || (SELECT string_agg(concat_ws(' ', coalesce(nullif(grantee, 0)::regrole::text, 'PUBLIC'), privilege_type, is_grantable), ', ' ORDER BY grantee, privilege_type) FROM aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)))) FROM things WHERE relkind <> 'i'
UNION ALL SELECT concat_ws(' ', 'column', shown, attname, format_type(atttypid, atttypmod), attnotnull, attstorage, nullif(attstattarget, -1), attoptions, attidentity, attgenerated, (SELECT collname FROM pg_collation k WHERE k.oid = attcollation), to_jsonb(a) - 'attmissingval' ->> 'attcompression',
        (SELECT string_agg(concat_ws(' ', coalesce(nullif(grantee, 0)::regrole::text, 'PUBLIC'), privilege_type, is_grantable), ', ' ORDER BY grantee, privilege_type) FROM aclexplode(attacl)),
        'default', (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum), 'comment', col_description(attrelid, attnum))
    FROM things JOIN pg_attribute a ON attrelid = things.oid AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, contype, pg_get_constraintdef(c.oid), convalidated, conindid::regclass, 'comment', obj_description(c.oid, 'pg_constraint')) FROM pg_constraint c JOIN things ON conrelid = things.oid
UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid, indisclustered, indisreplident, 'comment', obj_description(indexrelid, 'pg_class')) FROM pg_index JOIN things ON indrelid = things.oid
UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), tgenabled, 'comment', obj_description(t.oid, 'pg_trigger')) FROM pg_trigger t JOIN things ON tgrelid = things.oid WHERE NOT tgisinternal
UNION ALL SELECT concat_ws(' ', 'rule', shown, pg_get_ruledef(r.oid), ev_enabled, 'comment', obj_description(r.oid, 'pg_rewrite')) FROM pg_rewrite r JOIN things ON ev_class = things.oid
UNION ALL SELECT concat_ws(' ', 'policy', shown, polname, polpermissive, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), 'comment', obj_description(p.oid, 'pg_policy')) FROM pg_policy p JOIN things ON polrelid = things.oid
UNION ALL SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(s.oid), stxowner::regrole, to_jsonb(s) ->> 'stxstattarget', 'comment', obj_description(s.oid, 'pg_statistic_ext')) FROM pg_statistic_ext s JOIN things ON stxrelid = things.oid
UNION ALL SELECT concat_ws(' ', 'publication', (SELECT pubname FROM pg_publication p WHERE p.oid = prpubid), shown) FROM pg_publication_rel JOIN things ON prrelid = things.oid
UNION ALL SELECT concat_ws(' ', 'sequence', shown, seqstart, seqincrement, pg_sequence_last_value(things.oid), (SELECT concat_ws(' ', deptype, refobjid::regclass, attname) FROM pg_depend JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
        WHERE classid = 'pg_class'::regclass AND objid = things.oid AND deptype IN ('a', 'i'))) FROM things JOIN pg_sequence ON seqrelid = things.oid
ORDER BY 1
