import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mirror', '0002_folders_of_streams'),
        ('people', '0001_initial'),
    ]

    # The table was the mirror's; it comes with what is in it.
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE mirror_quarantined RENAME TO letters_quarantined",
                    "ALTER TABLE letters_quarantined RENAME TO mirror_quarantined",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name='Quarantined',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('stream', models.CharField(db_collation='C', max_length=32)),
                        ('uidvalidity', models.BigIntegerField()),
                        ('uid', models.BigIntegerField()),
                        ('sender', models.CharField(blank=True, max_length=320)),
                        ('user', models.CharField(blank=True, max_length=254)),
                        ('message_id', models.CharField(blank=True, max_length=998)),
                        ('why', models.CharField(max_length=200)),
                        ('key', models.CharField(max_length=120)),
                        ('size', models.BigIntegerField()),
                        ('at', models.DateTimeField(default=django.utils.timezone.now)),
                        ('org', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.organization')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('stream', 'uidvalidity', 'uid'), name='quarantined_once')],
                    },
                ),
            ],
        ),
        migrations.AddField(
            model_name='quarantined',
            name='origin',
            field=models.CharField(default='imap', max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='quarantined',
            name='digest',
            field=models.CharField(max_length=40, null=True),
        ),
        migrations.AlterField(
            model_name='quarantined',
            name='uidvalidity',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='quarantined',
            name='uid',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='quarantined',
            constraint=models.UniqueConstraint(fields=('stream', 'origin', 'digest'), name='quarantined_once_by_bytes'),
        ),
    ]
