from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('mirror', '0002_folders_of_streams'),
        ('letters', '0001_quarantined'),
    ]

    # Its table is that of `letters` now.
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name='Quarantined')]),
    ]
