
import django.db.models.deletion
import django.utils.timezone
import workspace.events.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('guests', '0001_initial'),
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ContactRequest',
            fields=[
                ('id', models.CharField(db_collation='C', default=workspace.events.ids.new_id, max_length=16, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254)),
                ('name', models.CharField(max_length=100)),
                ('subject', models.CharField(blank=True, max_length=250)),
                ('preview', models.CharField(blank=True, max_length=200)),
                ('mails', models.IntegerField(default=0)),
                ('size', models.BigIntegerField(default=0)),
                ('state', models.CharField(choices=[('open', 'Open'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('blocked', 'Blocked'), ('expired', 'Expired')], default='open', max_length=8)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.person')),
            ],
        ),
        migrations.CreateModel(
            name='RequestMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=40)),
                ('sender', models.CharField(max_length=320)),
                ('subject', models.CharField(blank=True, max_length=250)),
                ('text', models.TextField()),
                ('html', models.TextField()),
                ('files', models.JSONField(default=list)),
                ('key', models.CharField(blank=True, max_length=120)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='letters', to='guests.contactrequest')),
            ],
        ),
        migrations.CreateModel(
            name='Blocked',
            fields=[
                ('id', models.CharField(db_collation='C', default=workspace.events.ids.new_id, max_length=16, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='people.person')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('person', 'email'), name='blocked_once')],
            },
        ),
        migrations.AddIndex(
            model_name='contactrequest',
            index=models.Index(fields=['updated_at'], name='requests_by_time'),
        ),
        migrations.AddConstraint(
            model_name='contactrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('person', 'email'), name='one_open_request'),
        ),
        migrations.AddIndex(
            model_name='requestmail',
            index=models.Index(fields=['digest'], name='request_mails_by_digest'),
        ),
        migrations.AddConstraint(
            model_name='requestmail',
            constraint=models.UniqueConstraint(fields=('request', 'digest'), name='one_mail_of_a_request'),
        ),
    ]
